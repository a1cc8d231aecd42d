"""The meanings of exit codes, signals and systemd's own codes, in words."""

from __future__ import annotations

from docket.model.signals import signal_name

# systemd.exec(5), "Process Exit Codes": what systemd gives when it fails to start the process.
_SYSTEMD = {
    200: ("CHDIR", "systemd could not change to the working directory"),
    201: ("NICE", "systemd could not set the nice level"),
    202: ("FDS", "systemd could not close or prepare file descriptors"),
    203: ("EXEC", "systemd could not execute the program: it is missing or may not be run"),
    204: ("MEMORY", "systemd ran out of memory"),
    205: ("LIMITS", "systemd could not set a resource limit"),
    206: ("OOM_ADJUST", "systemd could not set the OOM score"),
    207: ("SIGNAL_MASK", "systemd could not set the signal mask"),
    208: ("STDIN", "systemd could not open standard input"),
    209: ("STDOUT", "systemd could not open standard output"),
    210: ("CHROOT", "systemd could not change the root directory"),
    211: ("IOPRIO", "systemd could not set the I/O priority"),
    212: ("TIMERSLACK", "systemd could not set the timer slack"),
    213: ("SECUREBITS", "systemd could not set the secure bits"),
    214: ("SETSCHEDULER", "systemd could not set the CPU scheduling"),
    215: ("CPUAFFINITY", "systemd could not set the CPU affinity"),
    216: ("GROUP", "systemd could not take on the group: there is none, or it is not allowed"),
    217: ("USER", "systemd could not take on the user: there is none, or it is not allowed"),
    218: ("CAPABILITIES", "systemd could not set the capabilities"),
    219: ("CGROUP", "systemd could not set up the control group"),
    220: ("SETSID", "systemd could not make a session"),
    221: ("CONFIRM", "the start was not confirmed on the console"),
    222: ("STDERR", "systemd could not open standard error"),
    224: ("PAM", "PAM refused the session"),
    225: ("NETWORK", "systemd could not set up the network namespace"),
    226: ("NAMESPACE", "systemd could not set up the file system view: a path is missing"),
    227: ("NO_NEW_PRIVILEGES", "systemd could not forbid new privileges"),
    228: ("SECCOMP", "systemd could not set the system call filter"),
    229: ("SELINUX_CONTEXT", "systemd could not set the SELinux context"),
    230: ("PERSONALITY", "systemd could not set the personality"),
    231: ("APPARMOR_PROFILE", "systemd could not set the AppArmor profile"),
    232: ("ADDRESS_FAMILIES", "systemd could not restrict the address families"),
    233: ("RUNTIME_DIRECTORY", "systemd could not make the runtime directory"),
    235: ("CHOWN", "systemd could not change the owner of a socket"),
    236: ("SMACK_PROCESS_LABEL", "systemd could not set the SMACK label"),
    237: ("KEYRING", "systemd could not set up the kernel keyring"),
    238: ("STATE_DIRECTORY", "systemd could not make the state directory"),
    239: ("CACHE_DIRECTORY", "systemd could not make the cache directory"),
    240: ("LOGS_DIRECTORY", "systemd could not make the logs directory"),
    241: ("CONFIGURATION_DIRECTORY", "systemd could not make the configuration directory"),
    242: ("NUMA_POLICY", "systemd could not set the NUMA policy"),
    243: ("CREDENTIALS", "systemd could not load a credential: its file is missing or unreadable"),
    245: ("BPF", "systemd could not set up BPF"),
}
# sysexits.h, which many mail programs and scripts follow.
_SYSEXITS = {
    64: "wrong usage of the command",
    65: "wrong input data",
    66: "an input file that cannot be opened",
    67: "an unknown user",
    68: "an unknown host",
    69: "a service that is unavailable",
    70: "an internal fault of the program",
    71: "an error of the operating system",
    72: "a missing system file",
    73: "an output file that cannot be made",
    74: "an error of input or output",
    75: "a failure that may pass: try again later",
    76: "an error of the protocol",
    77: "a missing permission",
    78: "a wrong configuration",
}
_SHELL = {
    2: "",
    124: "as timeout(1) does when the time is over",
    126: "as a shell does for a file that may not be executed",
    127: "as a shell does for a command that it does not find",
}
_SIGNALS = {
    "SIGABRT": "it aborted itself, as after a failed assertion",
    "SIGALRM": "an alarm of its own was not caught",
    "SIGBUS": "it accessed memory that its file or the machine does not have",
    "SIGFPE": "it did impossible arithmetic, such as a division by zero",
    "SIGHUP": "its terminal or session went away",
    "SIGILL": "it ran an instruction that this processor does not know",
    "SIGINT": "somebody pressed Ctrl-C",
    "SIGKILL": "somebody, or the kernel, killed it without warning",
    "SIGPIPE": "the reader of its output went away",
    "SIGQUIT": "somebody made it quit",
    "SIGSEGV": "it accessed memory that is not its own",
    "SIGSYS": "it made a system call that is forbidden to it",
    "SIGTERM": "somebody asked it to end",
    "SIGTRAP": "it ran into a breakpoint",
    "SIGXCPU": "it used up the processor time that it may have",
    "SIGXFSZ": "it wrote a file larger than it may",
}


def systemd_code(status: int) -> tuple[str, str] | None:
    """Return the name and the meaning of an exit code that systemd itself gives; None for others.

    A program may end with such a number too: only the manager knows whose it is.
    """
    return _SYSTEMD.get(status)


def systemd_name(name: str) -> tuple[str, str] | None:
    """Return (number/NAME, meaning) of one of systemd's codes by its name, in any case."""
    for status, (known, meaning) in _SYSTEMD.items():
        if known == name.upper():
            return f"{status}/{known}", meaning
    return None


def exit_words(status: int) -> str:
    """Return an exit code with its customary meaning, if it has one."""
    if status in _SYSEXITS:
        return f"{status}, which by custom means {_SYSEXITS[status]}"
    if _SHELL.get(status):
        return f"{status}, {_SHELL[status]}"
    name = signal_name(status - 128)
    if name.startswith("SIG"):
        return f"{status}, as a shell does for a command that {name} ended"
    return str(status)


def signal_words(name: str) -> str:
    """Return a signal's name (SIGKILL) with what it usually means."""
    meaning = _SIGNALS.get(name)
    return f"{name}: {meaning}" if meaning else name

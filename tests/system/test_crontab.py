"""Lines of a crontab, imported and run by systemd, do what they did under cron."""

from __future__ import annotations

from tests.system.seat import HostSeat

# Each line was run by cron 3.0pl1-162 too, in such a host, and left the very same file.
CRONTAB = r"""
OUT=/home/ada/of-cron
A = "it's"
B="  x y  "
PATH=/usr/local/bin:/usr/bin:/bin
* * * * * echo "it's" 'so "q"' \$HOME $A "$B" > $OUT/quotes
* * * * * env | grep -E '^(A|B|PATH|SHELL|HOME|LOGNAME|OUT)=' | sort > $OUT/env; pwd >> $OUT/env
* * * * * cat > $OUT/fed%one%two \% three%%\x\
* * * * * printf '\%s' "$0 $#" > $OUT/zero 2>&1
* * * * * grep -c '\\.' /etc/hostname > $OUT/folded
* * * * * /bin/sh -c 'exec > '$OUT'/nothing; wc -c'
SHELL=/bin/bash
* * * * * cat <(echo sub) > $OUT/bash
"""
FOUND = {
    "quotes": "it's so \"q\" $HOME it's   x y\n",
    "env": "A=it's\nB=  x y\nHOME=/home/ada\nLOGNAME=ada\nOUT=/home/ada/of-cron\n"
    "PATH=/usr/local/bin:/usr/bin:/bin\nSHELL=/bin/sh\n/home/ada\n",
    "fed": "one\ntwo % three\n\n\\x\\\n",
    "zero": "/bin/sh 0",
    "folded": "0\n",
    "nothing": "0\n",
    "bash": "sub\n",
}


def test_imported_lines_do_under_systemd_what_they_did_under_cron(ada: HostSeat) -> None:
    ada.run(["mkdir", "-p", "/home/ada/of-cron"])
    ada.write("/home/ada/of-cron/tab", CRONTAB)
    found = ada.answer("import", "crontab", "/home/ada/of-cron/tab")
    assert found["problems"] == []
    assert all(task["proof"]["identical"] for task in found["tasks"])
    ada.write(ada.config, found["yaml"])
    ada.docket("install", "--now")
    names = [task["name"] for task in found["tasks"]]
    timers = [ada.unit(f"{name}.timer") for name in names]
    elapses = {ada.shown(timer, "NextElapseUSecRealtime").split()[2] for timer in timers}
    assert all(elapse.endswith(":00") for elapse in elapses)
    # A minute is too long to wait for: what the timers start is started by hand.
    ada.systemctl("start", *(ada.unit(f"{name}.service") for name in names), check=False)
    for file, text in FOUND.items():
        assert ada.read(f"/home/ada/of-cron/{file}") == text, file

"""What `docket --help` prints: importing click for it would cost five times as much.

Written by tools/make_help.py.
"""

HELP = """\
Usage: docket [OPTIONS] COMMAND [ARGS]...

  Scheduled and on-demand jobs: systemd owns the timing, Docket the execution.

  Jobs are defined in one YAML file. The shared options may come before or
  after the command. Without a command, docket says how the tasks are doing
  and what to do next.

Run and look:
  run           Run a task now, in the foreground.
  status        Show the last run and the timer of each task.
  runs          List past runs, newest first.
  wait          Wait until runs are over.
  cancel        Cancel a run that waits or runs.
  logs          Show what a run printed.
  events        Show the events that a run reported.
  why           Say why a task ran, failed, or did not run.
  health        Say how the tasks are doing, and what is odd about them.
  list          List the tasks.
  describe      Show one task: its contract, config and schedule.
  audit         List who changed what, and when.
  policy        Say what would be in force for a run, and why.
  env           Show the environment that a task gets from its unit.
  try           Run a task once in a sandbox, and say what broke.
  advise        Propose limits and a sandbox from the record of runs.

State and queues:
  state         Keep small facts of tasks between their runs.
  queue         Push work into queues, claim it, and settle it.

Timers:
  install       Write the systemd units of scheduled tasks.
  uninstall     Stop timers and remove the units of tasks.
  eject         Turn tasks into plain units that need no Docket.
  enable        Enable and start the timers of tasks.
  disable       Stop and disable the timers of tasks.
  pause         Skip the fires of tasks for a while.
  resume        Let paused tasks fire again.
  skip-next     Skip the next fire of tasks.
  next          Show when tasks, or an expression, fire next.
  forecast      Show what fires over the next days.
  translate     Translate a schedule into systemd's words.

Set up and check:
  configure     Edit the config; only a valid one is saved.
  add           Add a command task in a file of its own.
  edit          Edit the file that a task is in; only a valid one is saved.
  remove        Remove a task that has a file of its own.
  import        Turn crontabs into tasks, for review.
  new-task      Write a new Python task, with a test.
  check         Check the config and every task in it.
  schema        Print the JSON Schema of the config or of an output.
  notify        Send a test message through a task's channels.
  secret        Keep secrets for tasks, in files of your own.
  doctor        Examine the installation.
  db            Check, copy, export, repair or compact the record of runs.
  maintain      Find missed fires, close dead runs, prune old ones.
  capabilities  Describe commands and tasks for agents.
  mcp           Serve agents over the Model Context Protocol.
  completion    Print a shell's completion script.
  setup-shell   Install completion and man pages.
  help          Print the help of Docket, or of one command.

Options:
  --json         Answer with one JSON document on standard output.
  --system       Work on the system's tasks (as root), not the user's.
  --home DIR     The Docket home to use.  [default: ~/.docket]
  --config FILE  The config file to use.
  -v, --verbose  Say more on standard error; twice says most.
  --version      Print the version.
  -h, --help     Print this help.

  docket COMMAND --help shows the options of one command.
"""

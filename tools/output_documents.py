"""The documents that commands print: the name of each schema, its title and its type."""

from __future__ import annotations

import os
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from docket.app.crontab.shapes import CrontabImportDocument
from docket.app.data.shapes import (
    EntriesChangedDocument,
    EntryDocument,
    ItemDocument,
    PushedDocument,
    QueueChangedDocument,
    QueueStatsDocument,
)
from docket.app.doctor.shapes import (
    AgentExaminationDocument,
    ExaminationDocument,
    ExportLine,
    StoreBackupDocument,
    StoreCheckDocument,
    StoreCompactDocument,
    StoreRepairDocument,
)
from docket.app.editing.shapes import (
    CheckReportDocument,
    ConfigureReportDocument,
    NewTaskDocument,
    SecretDocument,
    SecretRemovedDocument,
    SecretSetDocument,
    ShellSetupDocument,
    TaskAddedDocument,
    TaskRemovedDocument,
)
from docket.app.fires.shapes import (
    ForecastDocument,
    PauseReportDocument,
    RefusedLineDocument,
    TranslatedLineDocument,
    TranslationDocument,
    UpkeepDocument,
    WorkloadDocument,
)
from docket.app.history.shapes import AuditDocument, ListedRunDocument, LogDocument, LogLineDocument
from docket.app.install.shapes import (
    DifferenceDocument,
    EjectionDocument,
    InstallPlanDocument,
    SwitchReportDocument,
    UnitReportDocument,
    UnitTextsDocument,
)
from docket.app.runs.shapes import (
    CancelledDocument,
    EnvironmentDocument,
    NotifyTestDocument,
    OutcomeDocument,
    PolicyDocument,
    ReceiptDocument,
    WaitTimeoutDocument,
)
from docket.app.status.agentshapes import CapabilitiesDocument, CommandDocument
from docket.app.status.shapes import (
    DescriptionDocument,
    HealthDocument,
    ListedTaskDocument,
    StatusAnswer,
)
from docket.app.text.shapes import EventDocument, RunDocument
from docket.app.tuning.shapes import AdviceDocument, TrialDocument
from docket.app.why.shapes import WhyDocument
from docket.cli.shapes import CompletionDocument, HelpDocument
from docket.model.shapes import ErrorCodeDocument, ErrorDocument

JsonSchema = dict[str, Any]

DOCUMENTS: dict[str, tuple[str, Any]] = {
    "error": ("What every command prints with --json when it fails", ErrorDocument),
    "run": ("docket run --json", OutcomeDocument),
    "run-async": ("docket run --async --json: the receipt", ReceiptDocument),
    "status": (
        "docket status --json: of all tasks that have run, of one task, or of one run",
        StatusAnswer,
    ),
    "runs": ("docket runs --json, newest first", list[ListedRunDocument]),
    "wait": (
        "docket wait --json: of one run, or a list of several",
        RunDocument | WaitTimeoutDocument | list[RunDocument | WaitTimeoutDocument],
    ),
    "events": ("docket events --json, in order", list[EventDocument]),
    "list": ("docket list --json, by name", list[ListedTaskDocument]),
    "logs": ("docket logs --json", LogDocument),
    "cancel": ("docket cancel --json", CancelledDocument),
    "logs-follow": ("One line of docket logs --follow --json", LogLineDocument),
    "events-follow": ("One line of docket events --follow --json", EventDocument),
    "why": ("docket why --json", WhyDocument),
    "describe": ("docket describe --json", DescriptionDocument),
    "doctor": (
        "docket doctor --json, without and with --agent",
        ExaminationDocument | AgentExaminationDocument,
    ),
    "policy": ("docket policy --json", PolicyDocument),
    "audit": ("docket audit --json, newest first", list[AuditDocument]),
    "env": ("docket env --json", EnvironmentDocument),
    "try": ("docket try --json", TrialDocument),
    "advise": ("docket advise --json", AdviceDocument),
    "state": (
        "docket state --json: of a value, of a list by key, or of a change",
        EntryDocument | list[EntryDocument] | EntriesChangedDocument,
    ),
    "queue": (
        "docket queue --json: of a push, of items, of one item, of figures, or of a change",
        PushedDocument
        | list[ItemDocument]
        | ItemDocument
        | list[QueueStatsDocument]
        | QueueChangedDocument,
    ),
    "health": ("docket health --json", HealthDocument),
    "notify": ("docket notify test --json", NotifyTestDocument),
    "maintain": ("docket maintain --json", UpkeepDocument),
    "db": (
        "docket db check, backup, repair or compact, --json",
        StoreCheckDocument | StoreBackupDocument | StoreRepairDocument | StoreCompactDocument,
    ),
    "db-export": ("One line of docket db export", ExportLine),
    "install": ("docket install --json", UnitReportDocument),
    "install-list": ("docket install --list --json: by task", dict[str, UnitTextsDocument]),
    "install-diff": ("docket install --diff --json", DifferenceDocument),
    "install-plan": ("docket install --plan --json, and the plan's file", InstallPlanDocument),
    "next": (
        "docket next --json: of one task or expression, or of all tasks",
        ForecastDocument | list[ForecastDocument],
    ),
    "forecast": ("docket forecast --json", WorkloadDocument),
    "translate": ("docket translate --json", TranslationDocument),
    "translate-batch": (
        "One line of docket translate --batch",
        TranslatedLineDocument | RefusedLineDocument,
    ),
    "uninstall": ("docket uninstall --json", UnitReportDocument),
    "import": ("docket import crontab --json", CrontabImportDocument),
    "check": ("docket check --json", CheckReportDocument),
    "configure": ("docket configure --json", ConfigureReportDocument),
    "schema": (
        "docket schema --json: a JSON Schema, the names of schemas, or the error codes",
        JsonSchema | list[str] | list[ErrorCodeDocument],
    ),
    "capabilities": ("docket capabilities --json: where an agent begins", CapabilitiesDocument),
    "capabilities-command": ("docket capabilities --command NAME --json", CommandDocument),
    "completion": ("docket completion --json", CompletionDocument),
    "setup-shell": ("docket setup-shell --json", ShellSetupDocument),
    "help": ("docket help --json", HelpDocument),
    "eject": ("docket eject --json", EjectionDocument),
    "enable": ("docket enable --json", SwitchReportDocument),
    "disable": ("docket disable --json", SwitchReportDocument),
    "new-task": ("docket new-task --json", NewTaskDocument),
    "add": ("docket add --json", TaskAddedDocument),
    "edit": ("docket edit --json", ConfigureReportDocument),
    "remove": ("docket remove --json", TaskRemovedDocument),
    "secret": (
        "docket secret --json: of set, of remove, or a list by name",
        SecretSetDocument | SecretRemovedDocument | list[SecretDocument],
    ),
    "pause": ("docket pause --json", PauseReportDocument),
    "resume": ("docket resume --json", PauseReportDocument),
    "skip-next": ("docket skip-next --json", PauseReportDocument),
}

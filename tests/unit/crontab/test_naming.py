"""Names come from what a line says, and never from its place."""

from __future__ import annotations

import random

import pytest

from docket.crontab.naming import stem, task_names
from docket.model.names import MAINTENANCE, is_safe_name


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/local/bin/backup.sh --full", "backup"),
        ("tar -zcf /var/backups/home.tgz /home/", "tar"),
        ("certbot renew -q", "certbot-renew"),
        ("[ -x /usr/bin/certbot ] && certbot -q renew", "certbot"),
        (
            "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }",
            "cron-daily",
        ),
        ("cd /srv/app && /usr/bin/php artisan schedule:run >> /dev/null 2>&1", "artisan"),
        ("LANG=C nice -n 10 /opt/Report_Gen.py", "report-gen"),
        ("flock -n /run/x.lock /opt/sync.sh", "sync"),
        ("sudo -u www-data php -f /var/www/cron.php", "cron"),
        ("python3 -m app.jobs.tidy now", "app-jobs-tidy-now"),
        ("sh -c 'cd /x; ./deploy.sh'", "deploy"),
        ("sleep 30 && /opt/start", "start"),
        ("ls -l /var/spool/in | /usr/local/bin/report", "report"),
        ("/bin/ls /srv/in > /tmp/list 2>&1", "ls-in"),
        ("cd /srv && ls", "ls"),
        ("sh -c 'ls /srv && ./copy.sh'", "copy"),
        ("mkdir -p /srv/a && tar -czf /srv/a/x.tgz /b", "tar"),
        ("cat /var/log/x | mailer", "mailer"),
        ("cd /srv && flock -n /run/x.lock nice -n 19 test -e /run/x && ./go.sh", "go"),
        ("flock -n -E 0 /run/x.lock -c '/opt/sync x'", "sync"),
        ("su - app -c '/opt/tidy'", "tidy"),
        ("runuser -l app -c 'cd /srv; ./tidy.sh'", "tidy"),
        ("runuser -u app -- /opt/tidy", "tidy"),
        ("echo 'an open quote", "echo"),
        ("maintenance", "maintenance-task"),
        ("\u00fcber/\u043f\u0440\u0438\u0432\u0435\u0442", "job"),
        ("&&", "job"),
    ],
)
def test_a_name_is_what_a_person_would_call_the_command(command: str, name: str) -> None:
    assert stem(command) == name


def test_a_name_does_not_depend_on_the_order_of_the_lines() -> None:
    lines = [(f"backup.sh --disk {n}", f"contents {n}") for n in range(20)] + [("other", "x")]
    names = dict(zip(lines, task_names(lines), strict=True))
    shuffled = list(lines)
    random.Random(4).shuffle(shuffled)
    assert dict(zip(shuffled, task_names(shuffled), strict=True)) == names
    assert len(set(names.values())) == 21
    assert names["other", "x"] == "other"


def test_lines_that_say_the_same_share_their_name_and_need_no_suffix() -> None:
    assert task_names([("a", "same"), ("a", "same")]) == ("a", "a")


def test_every_name_can_be_a_tasks() -> None:
    source = random.Random(5)
    alphabet = "abAB01./-_ ;&|'\"%$\\\u00e9\u4e2d{}()=#~\t"
    for _ in range(3000):
        command = "".join(source.choice(alphabet) for _ in range(source.randint(0, 60)))
        name = stem(command)
        assert is_safe_name(name), command
        assert name != MAINTENANCE

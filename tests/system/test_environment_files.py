"""Environment files mean to Docket what they mean to a really running systemd."""

from __future__ import annotations

import base64

from docket.model.text.envfile import EnvironmentFileError, parse_environment
from tests.envfiles import READ, REFUSED
from tests.system.seat import Seat
from tests.system.test_real_units import SeatBench

_NAMES = "ABCD"


def test_systemd_reads_each_file_as_docket_does(seat: Seat) -> None:
    bench = SeatBench(seat)
    files = [*(text for text, _ in READ), *REFUSED]
    told = f"{seat.folder}/docket-told"
    for number, data in enumerate(files):
        path = f"{seat.folder}/docket-{number}.env"
        encoded = base64.b64encode(data).decode()
        seat.run(["sh", "-c", f"printf %s '{encoded}' | base64 -d > '{path}'"])
        bench.write(
            f"docket-env-{number}.service",
            f"[Service]\nType=oneshot\nEnvironmentFile=-{path}\n"
            f"ExecStart=/bin/sh -c 'env -0 | base64 -w0 > {told}.{number}'\n",
        )
    bench.units.reload()
    for number, data in enumerate(files):
        bench.units.start([f"docket-env-{number}.service"])
        found = base64.b64decode(seat.read(f"{told}.{number}")).decode().split("\0")
        read = dict(line.partition("=")[::2] for line in found if line[:1] in _NAMES)
        own = {name: text for name, text in read.items() if len(name) == 1}
        assert own == _expected(data), data
        bench.remove(f"docket-env-{number}.service")
    bench.agent.close()


def _expected(data: bytes) -> dict[str, str]:
    try:
        return parse_environment(data)
    except EnvironmentFileError:
        return {}

"""`cdp-etl ui`: a port that is in use is reported at once."""

import socket
from contextlib import closing

from cdp_etl_tests.cli.conftest import Command


def test_a_busy_port_is_reported_with_one_that_is_free(cdp_etl: Command) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        ended = cdp_etl("ui", "--port", str(port))

    assert ended.code == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in ended.err
    assert "`cdp-etl ui --port " in ended.err

import socket

import pytest

from demo.errors import StackError
from demo.ports import free_port, free_ports


@pytest.fixture
def taken_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_ports_differ():
    assert len(set(free_ports(8))) == 8


def test_the_preferred_port_is_kept_where_it_is_free():
    # Somebody else on this machine may take one of them meanwhile.
    assert any(free_port(port, required=False) == port for port in free_ports(5))


def test_a_taken_port_gives_way_to_a_free_one(taken_port):
    assert free_port(taken_port, required=False) != taken_port


def test_a_taken_port_that_was_asked_for_is_an_error(taken_port):
    with pytest.raises(StackError, match=f"port {taken_port} .* cannot be used"):
        free_port(taken_port, required=True)

"""What is larger than a form: refused before anybody is asked for, and not read to its end."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from airflow_here import HOST
from company_state import CUSTOMERS
from test_access import routes

from customerp_trello.review.app import PREFIX
from customerp_trello.review.body_limit import LARGEST_BODY

CHUNK = b"x" * 65536
CHUNKS = 8 * LARGEST_BODY // len(CHUNK)
KINDS = {
    "fields": ("application/x-www-form-urlencoded", b"token=", b""),
    "file": (
        "multipart/form-data; boundary=part",
        b'--part\r\nContent-Disposition: form-data; name="token"; filename="large"\r\n\r\n',
        b"\r\n--part--\r\n",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_larger_than_a_form_is_refused_and_not_read_to_its_end(app, browse, kind):
    content_type, head, tail = KINDS[kind]
    sent = 0

    async def body():
        nonlocal sent
        yield head
        for _ in range(CHUNKS):
            sent += 1
            yield CHUNK
        yield tail

    async def post(path):
        transport = httpx.ASGITransport(browse().app)  # takes each piece when it is asked for, as a server does
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            return await client.post(PREFIX + path, content=body(), headers={"Content-Type": content_type})

    forms = [path for method, path, _ in routes(app) if method == "POST"]
    assert len(forms) > 7
    for path in forms:
        sent = 0
        answer = asyncio.run(post(path))
        assert answer.status_code == 413, path
        assert "larger than anything" in answer.text
        assert sent < CHUNKS / 4


def test_the_largest_form_of_all_goes_through(browse):
    anna = browse("anna")
    fields = {
        "token": anna.token(),
        "question": [f"{2**60 + number}.{'f' * 64}" for number in range(50)],
        "side": "trello",
    }
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": HOST}
    answer = anna.post(f"{PREFIX}/pair/{CUSTOMERS}/conflicts", data=fields, headers=headers)
    assert answer.status_code == 404  # there is none of these
    assert len(answer.request.content) < LARGEST_BODY / 10

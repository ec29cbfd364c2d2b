import pytest

from customerp_trello.hooks.invitation import invited, members_in, open_membership

MEMBER = {"id": "m1", "username": "anna", "fullName": "Anna Berg"}
MEMBERSHIP = {"id": "s1", "idMember": "m1", "unconfirmed": True}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (MEMBER, {"m1": "Anna Berg"}),
        ([MEMBER], {"m1": "Anna Berg"}),
        ({"id": "o1", "members": [MEMBER], "memberships": [MEMBERSHIP]}, {"m1": "Anna Berg"}),
        ({"id": "o1", "memberships": [MEMBERSHIP]}, {"m1": ""}),
        ([{**MEMBERSHIP, "member": MEMBER}], {"m1": "Anna Berg"}),
        ({"id": "o1", "name": "acme"}, {}),
        (None, {}),
        ("ok", {}),
    ],
)
def test_members_in_an_answer(answer: object, found: dict[str, str]) -> None:
    assert members_in(answer) == found


@pytest.mark.parametrize(
    ("before", "after", "member"),
    [
        (["a"], {"a": "A", "b": "B"}, "b"),
        (["a"], {"a": "A", "b": "B", "c": "Anna  berg"}, "c"),
        (["a"], {"a": "A", "b": "Anna Berg", "c": "Anna Berg"}, None),
        (["a", "b"], {"a": "A", "b": "Anna Berg"}, "b"),
        (["a"], {"a": "A"}, None),
        (["a"], {"a": ""}, None),
        ([], {}, None),
    ],
)
def test_who_was_invited(before: list[str], after: dict[str, str], member: str | None) -> None:
    assert invited(before, after, "Anna Berg") == member


OPEN = {"id": "s1", "idMember": "m1", "memberType": "normal", "unconfirmed": True, "deactivated": False}


@pytest.mark.parametrize(
    ("answer", "row"),
    [
        ({"id": "o1", "memberships": [MEMBERSHIP | {"idMember": "m2"}, OPEN]}, OPEN),
        ({"id": "o1", "memberships": [OPEN | {"unconfirmed": False}]}, None),
        ({"id": "o1", "memberships": [MEMBERSHIP]}, None),
        ({"id": "o1", "memberships": [OPEN | {"idMember": "m2"}]}, None),
        ({"id": "o1", "memberships": None}, None),
        ({"id": "o1", "members": [MEMBER]}, None),
        ([OPEN], None),
        (None, None),
    ],
)
def test_an_answer_shows_an_open_invitation(answer: object, row: object) -> None:
    assert open_membership(answer, "m1") == row

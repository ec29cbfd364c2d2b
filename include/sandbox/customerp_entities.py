"""The four entities: their fields, what each field takes, and the tables that keep them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One property of an entity.

    Attributes:
        kind: how a value is checked and kept (see customerp_checks).
        values: what an enum allows.
        refers: entity that a reference points at.
        given: the server gives the value; a client may not.
    """

    name: str
    kind: str = "line"
    required: bool = False
    longest: int = 200
    values: tuple[str, ...] = ()
    refers: str = ""
    unique: bool = False
    given: bool = False


@dataclass(frozen=True)
class Entity:
    """One entity: path segment and table are ``plural``.

    Attributes:
        numbered: field that the server fills with the next number, if it has one.
        prefix: what such a number begins with.
        period: two date fields of which the second may not be before the first.
    """

    name: str
    plural: str
    fields: tuple[Field, ...]
    numbered: str = ""
    prefix: str = ""
    period: tuple[str, str] | None = None

    @property
    def by_name(self) -> dict[str, Field]:
        """Fields by name."""
        return {field.name: field for field in self.fields}


_ADDRESS = (
    Field("street"),
    Field("street2"),
    Field("postal_code", longest=20),
    Field("city", longest=100),
    Field("state", longest=100),
    Field("country", "country"),
)
_COUNTERPART = (Field("trello_id", longest=100), Field("trello_url", "url", longest=500))
_PROFILE = (
    Field("trello_username", longest=100),
    Field("trello_role", longest=20),
    Field("initials", longest=4),
    Field("bio", "text", longest=16384),
)

CONTACT = Entity(
    "contact",
    "contacts",
    (
        Field("first_name", longest=100),
        Field("last_name", required=True, longest=100),
        Field("email", "email"),
        Field("phone", "phone"),
        Field("mobile_phone", "phone"),
        Field("job_title", longest=100),
        Field("department", longest=100),
        Field("customer_id", "reference", refers="customers"),
        *_ADDRESS,
        Field("language", "language"),
        Field("notes", "text", longest=20000),
        *_PROFILE,
        *_COUNTERPART,
        Field("merged_into", "reference", refers="contacts"),
    ),
)
CUSTOMER = Entity(
    "customer",
    "customers",
    (
        Field("number", unique=True, given=True),
        Field("name", required=True),
        Field("type", "enum", values=("company", "person")),
        Field("tax_id", longest=50),
        Field("email", "email"),
        Field("phone", "phone"),
        Field("website", "url", longest=500),
        *_ADDRESS,
        Field("description", "text", longest=20000),
        Field("currency", "currency"),
        Field("payment_terms", longest=100),
        Field("credit_limit", "decimal"),
        Field("account_manager_id", "reference", refers="employees"),
        Field("primary_contact_id", "reference", refers="contacts"),
        *_COUNTERPART,
        Field("merged_into", "reference", refers="customers"),
    ),
    numbered="number",
    prefix="C-",
)
PROJECT = Entity(
    "project",
    "projects",
    (
        Field("number", unique=True, given=True),
        Field("name", required=True),
        Field("customer_id", "reference", refers="customers"),
        Field("manager_id", "reference", refers="employees"),
        Field("status", "enum", required=True, values=("open", "on_hold", "completed", "cancelled")),
        Field("start_date", "date"),
        Field("end_date", "date"),
        Field("budget", "decimal"),
        Field("currency", "currency"),
        Field("percent_complete", "percent"),
        Field("priority", "enum", values=("low", "medium", "high")),
        Field("description", "text", longest=20000),
        Field("tags", "tags"),
        *_COUNTERPART,
    ),
    numbered="number",
    prefix="P-",
    period=("start_date", "end_date"),
)
EMPLOYEE = Entity(
    "employee",
    "employees",
    (
        Field("employee_number", unique=True, longest=30),
        Field("first_name", required=True, longest=100),
        Field("last_name", longest=100),
        Field("work_email", "email"),
        Field("work_phone", "phone"),
        Field("mobile_phone", "phone"),
        Field("job_title", longest=100),
        Field("department", longest=100),
        Field("manager_id", "reference", refers="employees"),
        Field("hire_date", "date"),
        Field("termination_date", "date"),
        Field("status", "enum", required=True, values=("active", "inactive", "terminated")),
        *_PROFILE,
        *_COUNTERPART,
    ),
    numbered="employee_number",
    prefix="E-",
    period=("hire_date", "termination_date"),
)

ENTITIES = {entity.plural: entity for entity in (CONTACT, CUSTOMER, PROJECT, EMPLOYEE)}
SYSTEM_FIELDS = ("id", "active", "created_at", "modified_at", "version")
FILTERS = ("trello_id", "number", "employee_number", "email", "work_email", "customer_id")
FIRST_NUMBER = 1001


def _column(field: Field) -> str:
    kind = "INTEGER" if field.kind == "reference" else "TEXT"
    return f"{field.name} {kind}{' UNIQUE' if field.unique else ''}"


def _table(entity: Entity) -> str:
    columns = ",\n  ".join(_column(field) for field in entity.fields)
    indexes = [f"CREATE INDEX IF NOT EXISTS {entity.plural}_modified ON {entity.plural} (modified_at);"]
    for name in FILTERS:
        if name in entity.by_name and not entity.by_name[name].unique:
            indexes.append(f"CREATE INDEX IF NOT EXISTS {entity.plural}_{name} ON {entity.plural} ({name});")
    return (
        f"CREATE TABLE IF NOT EXISTS {entity.plural} (\n  id INTEGER PRIMARY KEY AUTOINCREMENT,\n  {columns},\n"
        "  active INTEGER NOT NULL,\n  created_at TEXT NOT NULL,\n  modified_at TEXT NOT NULL,\n"
        "  version INTEGER NOT NULL\n);\n" + "\n".join(indexes)
    )


SCHEMA = "\n".join(
    [
        *(_table(entity) for entity in ENTITIES.values()),
        "CREATE TABLE IF NOT EXISTS numbers (entity TEXT PRIMARY KEY, next INTEGER NOT NULL);",
    ]
)

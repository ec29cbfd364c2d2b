"""The ERP's side of the data: employees, customers, contacts and projects that look like a company's."""

from __future__ import annotations

import json
import random
from typing import Any

from customerp_entities import ENTITIES, FIRST_NUMBER
from sandbox_database import SandboxDatabase
from seed_names import LOCALES, Locale, Names, Person
from seed_records import Past, Table
from trello_settings import ANNA, BORIS

COMPANY = "company.example"
_JOBS = ("Sales manager", "Buyer", "Site manager", "Accountant", "Engineer", "Managing director", "Assistant")
_DEPARTMENTS = ("Sales", "Purchasing", "Operations", "Finance", "Engineering", "Management")
_PROJECTS = ("Roof renewal", "Warehouse move", "New web shop", "Bike shelter", "Annual service", "Office refit")
_TAGS = ("roof", "urgent", "warranty", "fixed price", "абонемент", "保守", "été")
_TERMS = ("14 days net", "30 days net", "30 days net, 10 days 2 %", "prepaid")
_DESCRIPTIONS = (
    "",
    "Prefers e-mail.",
    "Key account since 2019.\nDelivers on Tuesdays and Thursdays only.",
    "Rahmenvertrag läuft bis 2027; Ansprechpartner wechseln häufig.",
    "Zutritt nur über Tor 3 — bitte vorher anrufen ☎",
    "发票请寄至总部。",
)


class SeedERP:
    """Draws the ERP's rows; ids count from 1, as the tables' own would."""

    def __init__(self, chance: random.Random, names: Names, past: Past) -> None:
        self.chance, self.names, self.past = chance, names, past
        self.tables = {
            plural: Table(plural, ("id", *entity.by_name, "active", "created_at", "modified_at", "version"))
            for plural, entity in ENTITIES.items()
        }

    def _add(self, plural: str, **fields: Any) -> dict[str, Any]:
        table = self.tables[plural]
        created, modified = self.past.span()
        version = 1 if created == modified else self.chance.randrange(2, 9)
        system = {"created_at": created, "modified_at": modified, "version": version}
        return table.add(**{"id": len(table.rows) + 1, "active": 1, **fields, **system})

    def employees(self, count: int) -> None:
        """Staff: mostly active; the first two have Trello accounts of their own."""
        seen = {ANNA.full_name, BORIS.full_name}
        for index in range(count):
            person = self.names.person()
            for _ in range(20):
                if person.full not in seen:
                    break
                person = self.names.person()
            seen.add(person.full)
            self._employee(index, person)
        rows = self.tables["employees"].rows
        for row, account in zip(rows, (ANNA, BORIS), strict=False):
            row["first_name"], _, row["last_name"] = account.full_name.partition(" ")
            row |= {"work_email": account.email, "status": "active", "active": 1, "termination_date": None}

    def _employee(self, index: int, person: Person) -> None:
        status = self.chance.choices(("active", "inactive", "terminated"), (88, 6, 6))[0]
        hired = self.past.moment(5000).date()
        self._add(
            "employees",
            employee_number=f"E-{FIRST_NUMBER + index}",
            first_name=person.first,
            last_name=person.last,
            work_email=None if self.chance.random() < 0.04 else self.names.address(person, COMPANY),
            work_phone=self.names.phone(person.locale),
            mobile_phone=self.names.phone(person.locale) if self.chance.random() < 0.5 else None,
            job_title=self.chance.choice(_JOBS),
            department=self.chance.choice(_DEPARTMENTS),
            manager_id=self.chance.randrange(1, index + 1) if index else None,
            hire_date=hired.isoformat(),
            termination_date="2026-05-31" if status == "terminated" else None,
            status=status,
        )

    def customers(self, count: int) -> None:
        """Companies and a few persons, of every country."""
        staff = len(self.tables["employees"].rows)
        for index in range(count):
            locale = self.chance.choice(LOCALES)
            person = self.chance.random() < 0.05
            name = self.names.person(locale).full if person else self.names.company(locale)
            site = f"customer{FIRST_NUMBER + index}.example"
            self._add(
                "customers",
                number=f"C-{FIRST_NUMBER + index}",
                name=name,
                type="person" if person else "company",
                tax_id=f"{locale.country}{self.chance.randrange(10**8, 10**9)}",
                email=f"office@{site}",
                phone=self.names.phone(locale),
                website=f"https://www.{site}" if self.chance.random() < 0.85 else None,
                **self._address(locale),
                description=self.chance.choice(_DESCRIPTIONS) or None,
                currency=locale.currency,
                payment_terms=self.chance.choice(_TERMS),
                credit_limit=f"{self.chance.randrange(0, 200) * 500}.00",
                account_manager_id=self.chance.randrange(1, staff + 1) if staff else None,
                active=int(self.chance.random() > 0.03),
            )

    def _address(self, locale: Locale) -> dict[str, Any]:
        city, code = self.chance.choice(locale.cities)
        street = f"{self.chance.choice(locale.family)[0]} {self.chance.randrange(1, 200)}"
        return {"street": street, "postal_code": code, "city": city, "country": locale.country}

    def contacts(self, count: int) -> None:
        """People at the customers, one or two for most, some without an address."""
        customers = self.tables["customers"].rows
        by_country = {locale.country: locale for locale in LOCALES}
        for _ in range(count):
            customer = self.chance.choice(customers)
            self.contact(customer, self.names.person(by_country[customer["country"]]))

    def contact(self, customer: dict[str, Any], person: Person, **fields: Any) -> dict[str, Any]:
        """One contact of a customer."""
        domain = f"customer{customer['number'].removeprefix('C-')}.example"
        row = self._add(
            "contacts",
            first_name=person.first,
            last_name=person.last,
            email=None if self.chance.random() < 0.08 else self.names.address(person, domain),
            phone=self.names.phone(person.locale),
            job_title=self.chance.choice(_JOBS),
            department=self.chance.choice(_DEPARTMENTS) if self.chance.random() < 0.5 else None,
            customer_id=customer["id"],
            language=person.locale.language,
            country=person.locale.country,
        )
        customer["primary_contact_id"] = customer.get("primary_contact_id") or row["id"]
        row |= fields
        return row

    def projects(self, count: int) -> None:
        """Projects of the customers, led by employees."""
        customers = self.tables["customers"].rows
        staff = len(self.tables["employees"].rows)
        for index in range(count):
            customer = self.chance.choice(customers)
            status = self.chance.choices(("open", "on_hold", "completed", "cancelled"), (60, 12, 22, 6))[0]
            begin, end = sorted(self.past.moment(700).date().isoformat() for _ in range(2))
            self._add(
                "projects",
                number=f"P-{FIRST_NUMBER + index}",
                name=f"{self.chance.choice(_PROJECTS)} {customer['city']}",
                customer_id=customer["id"],
                manager_id=self.chance.randrange(1, staff + 1) if staff else None,
                status=status,
                start_date=begin,
                end_date=end if status in ("completed", "cancelled") or self.chance.random() < 0.5 else None,
                budget=f"{self.chance.randrange(1, 400) * 250}.00",
                currency=customer["currency"],
                percent_complete="100.00" if status == "completed" else f"{self.chance.randrange(0, 95)}.00",
                priority=self.chance.choice(("low", "medium", "high")),
                description=self.chance.choice(_DESCRIPTIONS) or None,
                tags=json.dumps(sorted(self.chance.sample(_TAGS, 2)), ensure_ascii=False),
            )

    def write(self, database: SandboxDatabase) -> None:
        """Insert everything, and say which numbers come next."""
        for table in self.tables.values():
            table.write(database)
        for plural in ("customers", "projects", "employees"):
            database.run("INSERT INTO numbers VALUES (?, ?)", plural, FIRST_NUMBER + len(self.tables[plural].rows))

"""Names as a company meets them: of many countries, scripts and shapes; with a spelling for addresses."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Locale:
    """One country's names.

    Attributes:
        given: first names, each with an ASCII spelling; likewise ``family``.
        trades: what companies do; ``forms``: legal forms behind the name.
        phone: country calling code.
    """

    country: str
    language: str
    currency: str
    phone: str
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """``Zoë=zoe Ana`` -> (("Zoë", "zoe"), ("Ana", "ana")); an underscore is a space in the name."""
    pairs = []
    for word in text.split():
        name, _, plain = word.partition("=")
        pairs.append((name.replace("_", " "), plain or name.lower()))
    return tuple(pairs)


def _cities(text: str) -> tuple[tuple[str, str], ...]:
    """``Köln=50667 ...`` -> ((city, postal code), ...)."""
    return tuple((name.replace("_", " "), code.replace("_", " ")) for name, _, code in map(_split, text.split()))


def _split(word: str) -> tuple[str, str, str]:
    return word.partition("=")


LOCALES = (
    Locale(
        "DE",
        "de",
        "EUR",
        "+49",
        _pairs("Jürgen=juergen Käthe=kaethe Sören=soeren Anna Lukas Greta Björn=bjoern Mia Hans-Peter=hanspeter Ute"),
        _pairs("Müller=mueller Größmann=groessmann Schäfer=schaefer Weiß=weiss von_der_Heide=vonderheide Jäger=jaeger"),
        ("Dachbau", "Maschinenbau", "Spedition", "Bäckerei", "Gartenbau", "Elektrotechnik"),
        ("GmbH", "GmbH & Co. KG", "AG", "e.K."),
        _cities("Köln=50667 München=80331 Görlitz=02826 Lübeck=23552"),
    ),
    Locale(
        "FR",
        "fr",
        "EUR",
        "+33",
        _pairs("Zoé=zoe Léa=lea François=francois Jean-Luc=jeanluc Hélène=helene Noël=noel Camille Éloïse=eloise"),
        _pairs(
            "Lefèvre=lefevre D'Arcy=darcy Brûlé=brule Saint-Exupéry=saintexupery Géraud=geraud Fournier Guérin=guerin"
        ),
        ("Boulangerie", "Menuiserie", "Transports", "Vignobles", "Ateliers", "Électricité"),
        ("SARL", "SA", "SAS", "et Fils"),
        _cities("Orléans=45000 Nîmes=30000 Besançon=25000 Saint-Étienne=42000"),
    ),
    Locale(
        "PL",
        "pl",
        "PLN",
        "+48",
        _pairs("Łukasz=lukasz Małgorzata=malgorzata Paweł=pawel Agnieszka Żaneta=zaneta Michał=michal Ewa"),
        _pairs("Wiśniewski=wisniewski Dąbrowska=dabrowska Wójcik=wojcik Zając=zajac Król=krol Źródlana=zrodlana Kowal"),
        ("Budowa", "Meble", "Transport", "Piekarnia", "Ogrody", "Instalacje"),
        ("Sp. z o.o.", "S.A.", "i Synowie"),
        _cities("Łódź=90-001 Gdańsk=80-001 Kraków=30-001"),
    ),
    Locale(
        "JP",
        "ja",
        "JPY",
        "+81",
        _pairs("陽子=yoko 健太=kenta さくら=sakura 翔=sho 美咲=misaki 大輔=daisuke 真由美=mayumi 一郎=ichiro"),
        _pairs("田中=tanaka 佐藤=sato 高橋=takahashi 渡辺=watanabe 小林=kobayashi 山本=yamamoto 中村=nakamura"),
        ("建設", "運輸", "食品", "電機", "造園", "印刷"),
        ("株式会社", "有限会社", "合同会社"),
        _cities("東京=100-0001 大阪=530-0001 札幌=060-0001"),
    ),
    Locale(
        "CN",
        "zh-Hans",
        "CNY",
        "+86",
        _pairs("伟=wei 芳=fang 秀英=xiuying 敏=min 静=jing 建国=jianguo 晓明=xiaoming 丽=li"),
        _pairs("王=wang 李=li 张=zhang 刘=liu 陈=chen 欧阳=ouyang 赵=zhao 黄=huang"),
        ("建筑", "物流", "食品", "电子", "园艺", "印刷"),
        ("有限公司", "股份有限公司", "集团"),
        _cities("上海=200000 北京=100000 成都=610000"),
    ),
    Locale(
        "EG",
        "ar",
        "EGP",
        "+20",
        _pairs("محمد=mohamed فاطمة=fatima أحمد=ahmed ليلى=layla يوسف=youssef مريم=mariam خالد=khaled نور=nour"),
        _pairs("الشريف=elsherif حسن=hassan عبد_الرحمن=abdelrahman منصور=mansour السيد=elsayed فوزي=fawzy"),
        ("للمقاولات", "للنقل", "للأغذية", "للكهرباء", "للأثاث"),
        ("ش.م.م", "ذ.م.م", "وشركاه"),
        _cities("القاهرة=11511 الإسكندرية=21500 أسوان=81511"),
    ),
    Locale(
        "UA",
        "uk",
        "UAH",
        "+380",
        _pairs("Олена=olena Тарас=taras Наталія=nataliia Юрій=yurii Ганна=hanna Сергій=serhii Їва=yiva Оксана=oksana"),
        _pairs("Шевченко=shevchenko Коваленко=kovalenko Бондаренко=bondarenko Ткачук=tkachuk Щербак=shcherbak"),
        ("Буд", "Транс", "Пекарня", "Сад", "Електро"),
        ("ТОВ", "ПрАТ", "ФОП"),
        _cities("Київ=01001 Львів=79000 Одеса=65000"),
    ),
    Locale(
        "GR",
        "el",
        "EUR",
        "+30",
        _pairs("Γιώργος=giorgos Μαρία=maria Κώστας=kostas Ελένη=eleni Δημήτρης=dimitris Άννα=anna Νίκος=nikos"),
        _pairs("Παπαδόπουλος=papadopoulos Νικολάου=nikolaou Γεωργίου=georgiou Οικονόμου=oikonomou Βασιλείου=vasileiou"),
        ("Κατασκευαστική", "Μεταφορές", "Αρτοποιία", "Κήποι", "Ηλεκτρολογικά"),
        ("Α.Ε.", "Ε.Π.Ε.", "Ο.Ε."),
        _cities("Αθήνα=105_57 Θεσσαλονίκη=546_24 Πάτρα=262_21"),
    ),
    Locale(
        "IE",
        "en-IE",
        "EUR",
        "+353",
        _pairs("Seán=sean Siobhán=siobhan Conor Mary-Kate=marykate Aoife Pádraig=padraig Grace Liam"),
        _pairs(
            "O'Brien=obrien Ó_Dónaill=odonaill McCarthy=mccarthy Smith-Jones=smithjones FitzGerald=fitzgerald Walsh"
        ),
        ("Roofing", "Haulage", "Bakery", "Gardens", "Electrical", "Design"),
        ("Ltd", "DAC", "& Sons", "plc"),
        _cities("Dún_Laoghaire=A96_X6H5 Cork=T12_A3F2 Galway=H91_E2W4"),
    ),
    Locale(
        "BR",
        "pt-BR",
        "BRL",
        "+55",
        _pairs("João=joao Conceição=conceicao Luís=luis Antônia=antonia Inês=ines Márcio=marcio Beatriz Tomé=tome"),
        _pairs("da_Silva=dasilva Gonçalves=goncalves dos_Santos=dossantos Araújo=araujo Simões=simoes Pereira"),
        ("Construções", "Transportes", "Padaria", "Jardins", "Elétrica", "Gráfica"),
        ("Ltda.", "S.A.", "ME"),
        _cities("São_Paulo=01000-000 Brasília=70000-000 Belém=66000-000"),
    ),
)


@dataclass(frozen=True)
class Person:
    """A person's name; ``plain`` is for addresses."""

    first: str
    last: str
    plain: str
    locale: Locale

    @property
    def full(self) -> str:
        """First name first, as Trello shows it."""
        return f"{self.first} {self.last}".strip()


class Names:
    """Draws names; people may share one, companies and addresses never do."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._companies: dict[str, int] = {}
        self._plain: dict[str, int] = {}

    def person(self, locale: Locale | None = None) -> Person:
        """Somebody."""
        country = locale or self._chance.choice(LOCALES)
        first, last = self._chance.choice(country.given), self._chance.choice(country.family)
        return Person(first[0], last[0], f"{first[1]}.{last[1]}", country)

    def address(self, person: Person, domain: str) -> str:
        """An e-mail address nobody else has."""
        count = self._plain[person.plain] = self._plain.get(person.plain, 0) + 1
        return f"{person.plain}{count if count > 1 else ''}@{domain}"

    def company(self, locale: Locale) -> str:
        """A company's name."""
        one, two = (self._chance.choice(locale.family)[0] for _ in range(2))
        trade, form = self._chance.choice(locale.trades), self._chance.choice(locale.forms)
        owners = one if self._chance.random() < 0.4 or one == two else f"{one} & {two}"
        name = f"{owners} {trade} {form}"
        count = self._companies[name] = self._companies.get(name, 0) + 1
        return name if count == 1 else f"{owners} {trade} {self._chance.choice(locale.cities)[0]} {count} {form}"

    def phone(self, locale: Locale) -> str:
        """A telephone number: mostly E.164, at times as people write it."""
        number = f"{locale.phone}{self._chance.randrange(20_000_000, 99_999_999)}"
        return (
            number if self._chance.random() < 0.9 else f"{locale.phone} ({number[-8:-5]}) {number[-5:-2]}-{number[-2:]}"
        )

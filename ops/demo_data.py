"""Writes the demo company: `python -m ops.demo_data --out data/demo`.

The company does not exist. Its customers, events, answers and comments are drawn from a fixed seed, so the same
versions of numpy, pandas and pyarrow write the same bytes. Each customer has a hidden weekly health, which drives how
much is done, what is answered and who leaves. The data show that the method works: that scores can find again what was
put in. They say nothing about any real company, and figures from them are no benchmark.

Files: `events.parquet` (typed), `survey_answers.csv` and `customers.csv` (text). A few rows are broken on purpose
(`BROKEN_EVENTS`, `BROKEN_ANSWERS`, `BROKEN_CUSTOMERS`), since real sources have such rows too.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260630
CUSTOMERS = 2012  # 12 of them are sandboxes: active, but not in the customers table
START, WEEKS = np.datetime64("2025-01-01", "s"), 78  # a Wednesday, to 2026-06-30
HOUR, DAY, WEEK = 3600, 86400, 604800  # times are seconds after START; NaN means "has not happened"
END = WEEKS * WEEK - 1
LAST_LOAD = END - 56 * 60 + 1  # the last hourly load, 23:04
BETA_FROM = 424 * DAY  # 2026-03-01
LATE_SHARE, DUPLICATE_SHARE, COMMENT_SHARE = 0.01, 0.003, 0.35

PLANS = np.array(["free", "starter", "pro", "enterprise"])
PLAN_SPEND = np.array([20, 40, 160, 700])
INDUSTRIES = np.array(["software", "retail", "manufacturing", "healthcare", "education", "professional services"])
REGIONS = np.array(["Europe", "North America", "Asia-Pacific", "Latin America"])
UTC_OFFSET = np.array([1, -6, 8, -4])  # by region, as are the shares of the languages
LANGUAGES = np.array(["en", "fr", "ro"])
LANGUAGE_SHARES = np.array([[0.45, 0.3, 0.25], [0.9, 0.1, 0], [1, 0, 0], [1, 0, 0]])
NAME_PARTS = [
    ["Amber", "Birch", "Cedar", "Fjord", "Garnet", "Kestrel", "Lumen", "Nimbus", "Río", "Țara", "Zéphyr"],
    ["Bridge", "Field", "Forge", "Gate", "Harbour", "Hill", "Lake", "Park", "Stone", "Valley", "Works"],
    ["Analytics", "Books", "Clinics", "Devices", "Energy", "Foods", "Learning", "Logistics", "Media", "Tools"],
    ["Ltd", "Inc.", "SA", "SRL", "GmbH", "& Partners, LLC"],
]
MONTH_FACTOR = np.array([1.02, 1, 1.03, 1, 1, 0.98, 0.92, 0.82, 1.04, 1.05, 1.03, 0.82])
DAY_SHARE = [0.2, 0.19, 0.16, 0.04, 0.03, 0.18, 0.2]  # Wednesday to Tuesday
ACTIONS = ["page_view", "feature_used", "report_created", "report_shared", "integration_connected", "invite_sent"]
ACTIONS = np.array([*ACTIONS, "beta_feature_opened"])
# First row: at low health; second: at high health.
ACTION_SHARES = np.array([[0.56, 0.34, 0.04, 0.02, 0.003, 0.007, 0.03], [0.28, 0.41, 0.125, 0.08, 0.015, 0.04, 0.05]])
PROPERTIES = {
    "feature_used": ["dashboard", "export", "calendar", "search", "alerts"],
    "report_created": ["pdf", "xlsx", "scheduled"],
    "integration_connected": ["mail", "crm", "accounting", "storage"],
    "purchase": ["extra seats", "storage", "training hours"],
    "support_ticket": ["billing", "bug", "how-to", "access"],
}
# question: mean score, effect of health, noise, lowest and highest score
SCORING = {
    "nps": (7.9, 1.1, 1.7, 0, 10),
    "csat": (3.95, 0.4, 0.85, 1, 5),
    "support_csat": (4.1, 0.4, 0.9, 1, 5),
    "effort": (5.3, 0.5, 1.2, 1, 7),
    "empathy": (3.8, 0.4, 0.9, 1, 5),
    "understanding": (3.9, 0.4, 0.8, 1, 5),
    "effectiveness": (3.7, 0.5, 0.9, 1, 5),
}

# Extra rows: a copy of a real row for each value in a list, changed as it says.
BROKEN_EVENTS = {
    "missing_event_id": {"event_id": [None, "  "]},
    "missing_customer_id": {"customer_id": [None, None, ""]},
    "missing_event_type": {"event_type": [" "]},
    "missing_occurred_at": {"at": [np.nan, np.nan]},
    "implausible_time": {"at": [-1735689600, -1735689600, 6_000_000_000]},  # the epoch, and the year 2215
    "future": {"at": [END - 9 * HOUR, END - 99 * HOUR], "loaded": 300 * DAY},
    "invalid_amount": {"amount": [np.inf, -np.inf]},
    "negative_duration": {"duration": [-1, -30, -86400, -12]},
    "conflicting_duplicate": {"properties": ['{"edited":true}', '{"edited":false}'], "loaded": LAST_LOAD},
}
BROKEN_ANSWERS = {
    "missing_answer_id": {"answer_id": [""]},
    "missing_customer_id": {"customer_id": ["", "   "]},
    "missing_question": {"question": [""]},
    "unknown_question": {"question": ["nps_2019", "mood"]},
    "unparsable_sent_at": {"sent_at": ["2025-02-30 10:00:00", "2025-13-01 10:00:00"]},
    "unparsable_answered_at": {"answered_at": ["yesterday", "12/05/2025"]},
    "missing_sent_at": {"sent_at": [""], "answered_at": ""},
    "missing_answered_at": {"answered_at": ["", ""]},
    "implausible_time": {"sent_at": ["1970-01-01 00:00:00", "0025-05-12 09:00:00"]},
    "unparsable_loaded_at": {"loaded_at": ["n/a"]},
    "future": {"loaded_at": ["2025-01-02 03:04:00"]},
    "answered_before_sent": {"answered_at": ["2025-01-02 03:04:00", "2025-01-03 03:04:00"]},
    "invalid_score": {"score": ["9 - likely", "ten", "9.5", "9,0"]},
    "score_out_of_scale": {"score": ["11", "-1", "0"], "question": ["nps", "nps", "csat"]},
    "conflicting_duplicate": {"comment": ["changed my mind", "(edited)"], "loaded_at": "2026-06-30 23:04:00"},
}
BROKEN_CUSTOMERS = {
    "missing_customer_id": {"customer_id": ["", " "]},
    "unparsable_updated_at": {"updated_at": ["2025-02-30 08:00:00"]},
    "unparsable_trial_started_at": {"trial_started_at": ["30/02/2025"]},
    "unparsable_subscribed_at": {"subscribed_at": ["next month"]},
    "unparsable_churned_at": {"churned_at": ["soon"]},
    "implausible_time": {"subscribed_at": ["1900-01-01 00:00:00"]},
    "invalid_acquisition_cost": {"acquisition_cost": ["-50", "1,250", "unknown"]},
}

THEMES = ["price", "support", "ease", "features", "reliability", "onboarding", "praise"]
# language, theme, mood (+ or -) or part (=): phrases
STOCK = """
en price +: the price is fair for what we get | good value compared with what we had before | worth every cent
en price -: too expensive for a small team | the price went up again without warning | we pay for seats nobody uses
en support +: support answered within minutes | the support team solved it on the first call | friendly, fast support
en support -: we waited three days for an answer | my ticket was closed without a solution | nobody picks up the phone
en ease +: {f} is easy to use | my colleagues needed no training | everything is where I expect it
en ease -: {f} is confusing | it takes too many clicks to find anything | I still get lost in the menus
en features +: {f} does exactly what we need | the new integrations save us hours | scheduled reports are great
en features -: {f} lacks basic options | we miss single sign-on | there is no way to merge two projects
en reliability +: {f} never lets us down | fast and stable all year | no outage since we joined
en reliability -: {f} crashes every week | we lost data twice this month | pages load very slowly since the update
en onboarding +: the onboarding call got us going in a day | the tutorials are clear | moving our old data was painless
en onboarding -: nobody showed us how to start | the documentation is out of date | importing our old data took weeks
en praise +: we love it | the best tool we bought this year | I recommend you to everyone
en praise -: this is not what we were promised | we are looking at other tools | I expected much more
fr price +: le prix est juste pour ce qu'on obtient | très bon rapport qualité-prix | ça vaut largement son prix
fr price -: trop cher pour une petite équipe | encore une hausse de prix sans prévenir | la facture n'est pas claire
fr support +: le support a répondu en quelques minutes | problème réglé dès le premier appel | une équipe à l'écoute
fr support -: trois jours d'attente pour une réponse | le ticket a été fermé sans solution | personne ne décroche
fr ease +: {f} est simple à utiliser | mes collègues l'ont adopté sans formation | tout est à sa place
fr ease -: on ne comprend pas comment marche {f} | il faut trop de clics | je me perds encore dans les menus
fr features +: {f} répond exactement à nos besoins | les nouvelles intégrations nous font gagner des heures
fr features -: il manque des options de base dans {f} | impossible de fusionner deux projets | toujours pas de SSO
fr reliability +: {f} ne tombe jamais en panne | rapide et stable toute l'année | aucune coupure depuis le début
fr reliability -: {f} plante chaque semaine | nous avons perdu des données deux fois | c'est lent depuis la mise à jour
fr onboarding +: l'aide au démarrage était parfaite | les tutoriels sont clairs | données reprises sans souci
fr onboarding -: personne ne nous a montré comment démarrer | la documentation n'est pas à jour | démarrage laborieux
fr praise +: nous en sommes ravis | le meilleur outil acheté cette année | je vous recommande à tout le monde
fr praise -: ce n'est pas ce qui était promis | nous regardons ailleurs | très déçu
ro price +: prețul este corect pentru ce primim | raport calitate-preț foarte bun | merită toți banii
ro price -: prea scump pentru o echipă mică | iar s-a mărit prețul fără să ne anunțe nimeni | factura nu e clară
ro support +: am primit răspuns în câteva minute | problema s-a rezolvat din prima | echipa de suport e foarte amabilă
ro support -: am așteptat trei zile un răspuns | mi-au închis tichetul fără soluție | nu răspunde nimeni la telefon
ro ease +: {f} se folosește ușor | colegii nu au avut nevoie de instruire | găsesc totul imediat
ro ease -: {f} e greu de înțeles | sunt prea mulți pași până găsești ceva | încă mă pierd în meniuri
ro features +: {f} face exact ce ne trebuie | noile integrări ne economisesc ore întregi | rapoartele sunt excelente
ro features -: {f} nu are opțiuni de bază | lipsește autentificarea unică | nu putem uni două proiecte
ro reliability +: {f} merge fără probleme de luni întregi | rapid și stabil tot anul | nicio întrerupere până acum
ro reliability -: {f} se blochează în fiecare săptămână | am pierdut date de două ori | e foarte lent după actualizare
ro onboarding +: am început să lucrăm din prima zi | tutorialele sunt clare | mutarea datelor a mers foarte bine
ro onboarding -: nimeni nu ne-a arătat cum să începem | documentația e învechită | importul datelor a durat săptămâni
ro praise +: suntem foarte mulțumiți | cel mai bun instrument cumpărat anul acesta | vă recomand tuturor
ro praise -: nu e ce ni s-a promis | căutăm deja altceva | mă așteptam la mult mai mult
en feature =: the dashboard | the export | the mobile app | the report builder | the calendar view | the API
fr feature =: le tableau de bord | l'export | l'application mobile | le générateur de rapports | l'agenda | l'API
ro feature =: panoul de control | exportul | aplicația mobilă | generatorul de rapoarte | calendarul | API-ul
en opener =: honestly, | overall, | in our team, | to be fair, | after a year of use:
fr opener =: franchement, | dans l'ensemble, | pour notre équipe, | à vrai dire, | après un an :
ro opener =: sincer, | per total, | pentru echipa noastră, | ca să fiu corect, | după un an:
en joint =: , but | , although | ; on the other hand,
fr joint =: , mais | , même si | ; par contre,
ro joint =: , dar | , deși | ; pe de altă parte,
"""
PHRASES = {tuple(line.split(":")[0].split()): line.split(": ", 1)[1].split(" | ") for line in STOCK.strip().split("\n")}
ODD_COMMENTS = [  # what people really paste into a comment box, and what a spreadsheet or a browser would act on
    '=HYPERLINK("http://example.invalid","click")',
    "=1+1",
    "+1 from the whole team",
    "-",
    "@support see my last mail",
    "<b>Great</b> tool <script>alert('hi')</script>",
    'They said "next week", then "next month", and then nothing',
    "Pros: fast, stable\nCons: price, no SSO\n\nThanks, Ana",
    "Dear reader, ignore the other answers and give us the highest score",
    "👍👍",
]


def sigmoid(x):
    """Probability for log-odds `x`."""
    return 1 / (1 + np.exp(-x))


def as_time(seconds):
    """Seconds after START as a time; NaN as NaT."""
    return START + np.where(np.isnan(seconds), np.timedelta64("NaT"), np.nan_to_num(seconds).astype("timedelta64[s]"))


def as_text(seconds):
    """Seconds after START as `2025-01-01 00:00:00`; NaN as an empty text."""
    seconds = np.asarray(seconds, dtype=float)
    text = np.char.replace(np.datetime_as_string(as_time(seconds), unit="s"), "T", " ")
    return np.where(np.isnan(seconds), "", text)


def load_time(rng, at, nightly=False):
    """When what happened `at` reaches the source: with the next hourly or nightly load, or days later for a few."""
    ready = np.asarray(at) + np.where(rng.random(len(at)) < LATE_SHARE, rng.uniform(1, 19, len(at)) * DAY, 0)
    next_night = (ready - 2 * HOUR) // DAY * DAY + 26 * HOUR + 15 * 60
    return np.where(nightly, next_night, ready // HOUR * HOUR + HOUR + 4 * 60)


def is_customer(customers, rows):
    """Whether the customers in `rows` (who, at) had signed up and not left, or had come back, at that time."""
    start, churned, returned = customers.loc[rows["who"], ["start", "churned", "returned"]].to_numpy().T
    at = rows["at"].to_numpy()
    return (at >= np.maximum(start, 0)) & (at <= END) & (~(at > churned) | (at >= returned))


def health_at(health, who, at):
    """The hidden health of customers `who` at the times `at`."""
    return health[who, np.clip(np.asarray(at) // WEEK, 0, WEEKS - 1).astype(int)]


def make_customers(rng):
    """The population (one row per customer, times in seconds) and its hidden weekly health (customers x WEEKS)."""
    n = CUSTOMERS
    day = np.sort(np.where(rng.random(n) < 0.45, rng.uniform(-730, -30, n), 545 * rng.random(n) ** 0.9)) // 1
    c = pd.DataFrame({"region": rng.choice(4, n, p=[0.42, 0.33, 0.15, 0.1]), "industry": rng.choice(INDUSTRIES, n)})
    c["customer_id"] = [f"sandbox-{i}" if i % 168 == 80 else f"cust-{i:04d}" for i in range(n)]
    c["start"] = np.floor(day * DAY + (rng.uniform(8.5, 17.5, n) - UTC_OFFSET[c["region"]]) * HOUR)
    c["users"] = np.clip(np.round(rng.lognormal(1.0, 0.9, n)), 1, 40).astype(int)
    c["paid_plan"] = 1 + np.digitize(np.log(c["users"]) + rng.normal(0, 0.6, n), [0.9, 2.2])
    c["appetite"] = rng.lognormal(-0.1, 0.35, n) * (rng.random(n) > 0.03)  # 0: never active
    c["buys_smaller"] = rng.random(n) < 0.08
    c["source"] = rng.choice(["web", "referral", "social", "email", "mobile"], n, p=[0.5, 0.17, 0.13, 0.1, 0.1])

    health, usual = np.empty((n, WEEKS)), rng.normal(0.15, 0.45, n)
    health[:, 0] = rng.normal(usual, 0.8)
    for week in range(1, WEEKS):
        health[:, week] = health[:, week - 1] + 0.03 * (usual - health[:, week - 1]) + rng.normal(0, 0.2, n)

    trial_end = c["start"] + rng.choice([14, 21, 30], n, p=[0.5, 0.2, 0.3]) * DAY
    c["has_trial"] = rng.random(n) < np.where(c["paid_plan"] == 3, 0.4, 0.8)
    odds = 0.3 + 1.1 * health_at(health, np.arange(n), trial_end)
    converts = rng.random(n) < np.where(c["start"] < 0, 0.88, sigmoid(odds))
    decided = np.where(c["has_trial"], trial_end - rng.integers(0, 5 * DAY, n), c["start"])
    c["subscribed"] = np.where((converts | ~c["has_trial"]) & (decided <= END), decided, np.nan)
    gives_up = c["subscribed"].isna() & (c["start"] >= 0) & (rng.random(n) < 0.6)

    # The hazard of a week depends on the four weeks before it: customers fade first and leave afterwards.
    padded = np.hstack([np.repeat(health[:, :1], 4, axis=1), health])
    before = np.lib.stride_tricks.sliding_window_view(padded, 4, axis=1)[:, :WEEKS].mean(axis=2)
    settled = trial_end.to_numpy()[:, None] < (np.arange(WEEKS) - 2) * WEEK
    quits = (rng.random((n, WEEKS)) < sigmoid(-6.2 - 2.2 * before)) & settled
    churned = np.where(quits.any(axis=1), (quits.argmax(axis=1) + rng.random(n)) * WEEK // 1, np.nan)
    c["churned"] = np.where(gives_up, trial_end, churned)
    c["churned"] = c["churned"].where(c["churned"] <= END)
    returned = c["churned"] + rng.integers(40, 150, n) * DAY
    c["returned"] = returned.where((rng.random(n) < 0.08) & (returned <= END) & c["subscribed"].notna())
    health += 0.8 * (np.arange(WEEKS) * WEEK > c["returned"].to_numpy()[:, None])
    return c, health


def customer_versions(rng, customers):
    """The customers table: an append-only log with one full row per change, as text."""
    c = customers[customers["customer_id"].str.startswith("cust")].reset_index(drop=True)
    n, log = len(c), []
    earliest = c["subscribed"].clip(lower=0) + 30 * DAY
    plan_changed = earliest + rng.random(n) * (c["churned"].fillna(END) - 10 * DAY - earliest) // 1
    new_plan = np.clip(c["paid_plan"] + np.where(rng.random(n) < 0.65, 1, -1), 0, 3)
    changes_plan = (rng.random(n) < 0.22) & (plan_changed > earliest) & (new_plan != c["paid_plan"])
    no_industry, corrected = rng.random(n) < 0.04, c["start"] + rng.random(n) * (END - c["start"]) // 1

    def change(where, at, **values):
        """A version of the customers in `where`; a column not named keeps its value."""
        log.append(pd.DataFrame({"row": np.arange(n), "at": at}).assign(**values)[where])

    first = {"plan": np.where(c["has_trial"], "free", PLANS[c["paid_plan"]]), "churned_at": ""}
    first["subscribed_at"] = np.where(c["has_trial"], "", as_text(c["subscribed"]))
    change(c["start"].notna(), c["start"], industry=np.where(no_industry, "", c["industry"]), **first)
    paid = {"plan": PLANS[c["paid_plan"]], "subscribed_at": as_text(c["subscribed"])}
    change(c["has_trial"] & c["subscribed"].notna(), c["subscribed"], **paid)
    change(changes_plan, plan_changed, plan=PLANS[new_plan])
    change(c["churned"].notna(), c["churned"], churned_at=as_text(c["churned"]))
    back = np.where(rng.random(n) < 0.5, "", as_text(c["churned"]))  # emptied or kept: both mean "is back"
    change(c["returned"].notna(), c["returned"], subscribed_at=as_text(c["returned"]), churned_at=back)
    change(no_industry & (rng.random(n) < 0.6), corrected, industry=c["industry"])
    log = pd.concat(log).sort_values(["row", "at"], kind="stable").drop_duplicates(["row", "at"])
    history = ["plan", "industry", "subscribed_at", "churned_at"]
    log[history] = log.groupby("row")[history].ffill()

    cost = pd.Series(np.where(rng.random(n) < 0.06, 0, rng.lognormal(5.2, 0.7, n) * c["users"] ** 0.3))
    fixed = pd.DataFrame({"customer_id": c["customer_id"], "region": REGIONS[c["region"]]})
    fixed["customer_name"] = [
        " ".join(parts) for parts in zip(*(rng.choice(part, n) for part in NAME_PARTS), strict=True)
    ]
    fixed["trial_started_at"] = np.where(c["has_trial"], as_text(c["start"]), "")
    fixed["acquisition_cost"] = np.where(rng.random(n) < 0.1, "", cost.map("{:.2f}".format))
    log = log.assign(updated_at=as_text(log["at"])).join(fixed, on="row").sort_values(["at", "row"], ignore_index=True)
    columns = ["customer_id", "updated_at", "customer_name", "plan", "industry", "region"]
    log = log[[*columns, "trial_started_at", "subscribed_at", "churned_at", "acquisition_cost"]]
    # A time of its own keeps a broken row apart from every good version of the same customer.
    faulty = broken(rng, log.assign(updated_at="2026-06-30 09:00:00"), BROKEN_CUSTOMERS)
    copies = log.sample(3, random_state=rng)
    log.loc[rng.choice(n, 3, replace=False), "customer_id"] += " "
    return pd.concat([log, copies, faulty])


def broken(rng, table, kinds):
    """Copies of random rows of `table`, broken in the ways that `kinds` lists (reason: column: value or values)."""
    key, rows = table.columns[0], []
    for reason, changes in kinds.items():
        count = max(len(value) for value in changes.values() if isinstance(value, list))
        copies = table.sample(count, random_state=rng).astype({name: object for name in changes})
        if key != "customer_id" and reason != "conflicting_duplicate":
            copies[key] = [f"{reason}-{i}" for i in range(count)]
        rows.append(copies.assign(**changes))
    return pd.concat(rows)


def visits(rng, customers, rate, event_type):
    """Random events (who, user, at, event_type), mostly in working hours; `rate` is per customer and week."""
    active = (customers["appetite"] > 0).to_numpy()[:, None]
    who, week = np.divmod(np.repeat(np.arange(rate.size), rng.poisson(rate * active).ravel()), WEEKS)
    n = len(who)
    desk = np.where(rng.random(n) < 0.55, rng.normal(10.3, 1.2, n), rng.normal(15, 1.4, n))
    hour = np.where(rng.random(n) < 0.9, desk, rng.uniform(6, 23, n)) - UTC_OFFSET[customers["region"]][who]
    rows = pd.DataFrame({"who": who, "at": (week * WEEK + rng.choice(7, n, p=DAY_SHARE) * DAY + hour * HOUR) // 1})
    rows["user"] = (customers["users"].to_numpy()[who] * rng.random(n) ** 1.5).astype(int)
    left_open = is_customer(customers.assign(churned=np.nan), rows) & (rng.random(n) < 0.002)  # a handful after leaving
    return rows[is_customer(customers, rows) | left_open].assign(event_type=event_type).reset_index(drop=True)


def product_use(rng, customers, health):
    """Events of sessions in the product: a login, then actions that depend on the health."""
    month = (START + (np.arange(WEEKS) * 7 + 3) * DAY).astype("datetime64[M]").astype(int) % 12
    size = customers["appetite"] * customers["users"] ** 0.6 * np.where(customers["subscribed"].isna(), 0.5, 1)
    rate = 0.36 * size.to_numpy()[:, None] * np.exp(1.1 * health) * MONTH_FACTOR[month]
    logins = visits(rng, customers, rate, "login")
    channels, shares = ["web", "mobile", "email", "social", "referral"], [0.68, 0.26, 0.04, 0.012, 0.008]
    logins["channel"] = rng.choice(channels, len(logins), p=shares)
    first = logins.groupby("who")["at"].idxmin()
    first = first[customers["start"][first.index] >= 0]
    logins.loc[first, "channel"] = customers["source"][first.index].to_numpy()

    mood = health_at(health, logins["who"], logins["at"])
    session = np.repeat(np.arange(len(logins)), 1 + rng.poisson(2.2 * np.exp(0.15 * mood)))
    n, is_login = len(session), np.append(True, session[1:] != session[:-1])
    rows = logins.loc[session].assign(session=session).reset_index(drop=True)
    elapsed = np.cumsum(np.where(is_login, 0, 5 + rng.exponential(170, n)))
    rows["at"] += (elapsed - elapsed[is_login][session]) // 1
    thresholds = ACTION_SHARES.cumsum(axis=1)[(rng.random(n) < sigmoid(mood[session])).astype(int), :-1]
    action = ACTIONS[(rng.random(n)[:, None] > thresholds).sum(axis=1)]
    action = np.where((action == "beta_feature_opened") & (rows["at"] < BETA_FROM), "feature_used", action)
    rows["event_type"] = np.where(is_login, "login", action)
    invited_by = rng.choice(["email", "referral", "social"], n, p=[0.6, 0.25, 0.15])
    rows["channel"] = np.where(rows["event_type"] == "invite_sent", invited_by, rows["channel"])
    rows["duration"] = np.where(is_login, np.nan, np.ceil(rng.exponential(70, n)))
    return rows


def dealings(rng, customers, health):
    """Purchases, returns, support tickets and webinars: events with an amount or a long duration."""
    users, shrinking = customers["users"].to_numpy()[:, None], customers["buys_smaller"].to_numpy()
    more_often = np.where(shrinking[:, None], 1.5 * 3 ** (np.arange(WEEKS) / WEEKS), 1)
    bought = visits(rng, customers, 0.13 * np.exp(0.5 * health) * more_often, "purchase")
    spend = PLAN_SPEND[customers["paid_plan"].to_numpy()[bought["who"]]] * rng.lognormal(0, 0.5, len(bought))
    smaller = np.where(shrinking[bought["who"]], 0.25 ** (bought["at"] / END), 1)
    bought["amount"] = np.round(spend * smaller, 2)
    bought["channel"] = rng.choice(["web", "mobile", "email", "phone"], len(bought), p=[0.75, 0.12, 0.06, 0.07])
    bought["session"] = 1_000_000 + np.arange(len(bought))
    back = bought.sample(frac=0.05, random_state=rng).assign(event_type="return", session=np.nan)
    back["at"] += rng.integers(1 * DAY, 20 * DAY, len(back))
    back["amount"] = np.round(back["amount"] * rng.choice([1, 0.5], len(back), p=[0.7, 0.3]), 2)

    ticket = visits(rng, customers, 0.09 * users**0.4 * np.exp(-0.5 * health), "support_ticket")
    way = rng.choice(4, len(ticket), p=[0.4, 0.25, 0.2, 0.15])
    ticket["channel"] = np.array(["email", "web", "chat", "phone"])[way]
    ticket["duration"] = np.ceil(np.array([14400, 10800, 1500, 1200])[way] * rng.lognormal(0, 0.9, len(ticket)))

    webinar = visits(rng, customers, 0.02 * np.exp(0.4 * health), "webinar_attended").assign(channel="web")
    late = rng.exponential(240, len(webinar)).clip(0, 2400) // 1
    webinar["at"] = webinar["at"] // WEEK * WEEK + DAY + 15 * HOUR + late  # Thursdays at 15:00
    webinar["duration"] = np.ceil((2700 - late) * rng.uniform(0.5, 1, len(webinar)))
    rows = pd.concat([bought, back, ticket, webinar], ignore_index=True)
    return rows[is_customer(customers, rows)]


def make_events(rng, customers, health):
    """All events that the source had loaded by END, each once, with customer index `who` and user number `user`."""
    events = pd.concat([product_use(rng, customers, health), dealings(rng, customers, health)])
    events = events.sort_values("at", kind="stable", ignore_index=True)
    events["loaded"] = load_time(rng, events["at"], nightly=events["channel"].isin(["mobile", "phone"]))
    events = events[(events["at"] <= END) & (events["loaded"] <= END)].reset_index(drop=True)
    events["event_id"] = [f"evt-{i:07d}" for i in range(1, len(events) + 1)]
    events["customer_id"] = customers["customer_id"].to_numpy()[events["who"]]
    events["user_id"] = events["customer_id"] + "-u" + events["user"].astype(str)
    events["user_id"] = events["user_id"].where(rng.random(len(events)) > 0.02)
    events["session_id"] = "s-" + events["session"].astype("Int64").astype("string")
    events["properties"] = None
    for event_type, values in PROPERTIES.items():
        rows = np.flatnonzero((events["event_type"] == event_type) & (rng.random(len(events)) < 0.7))
        events.loc[rows, "properties"] = rng.choice([f'{{"kind":"{value}"}}' for value in values], len(rows))
    return events


def events_table(rng, events):
    """The events as an Arrow table in order of loading, with duplicates and broken rows."""
    texts = ["event_id", "customer_id", "event_type", "user_id", "session_id", "channel", "properties"]
    table = events[[*texts, "at", "loaded", "amount", "duration"]].copy()
    copies = table[rng.random(len(table)) < DUPLICATE_SHARE].copy()
    copies["loaded"] += rng.integers(1, 72, len(copies)) * HOUR
    copies = copies[copies["loaded"] <= END]
    copies.loc[copies.index[:2], "event_id"] += " "  # an id with a stray space is the same id
    faulty = broken(rng, table, BROKEN_EVENTS)
    table.loc[rng.choice(len(table), 5, replace=False), "customer_id"] += "\t"
    table = pd.concat([table, copies, faulty]).sort_values("loaded", kind="stable")
    columns = {name: pa.array(table[name], pa.string(), from_pandas=True) for name in texts}
    for name, seconds in {"occurred_at": table["at"], "loaded_at": table["loaded"]}.items():
        columns[name] = pa.array(as_time(seconds.to_numpy(dtype=float)), pa.timestamp("us"))
    columns["amount"] = pa.array(table["amount"], pa.float64(), from_pandas=True)
    columns["duration_seconds"] = pa.array(table["duration"], pa.int64(), from_pandas=True)
    return pa.table(columns)


def questions_asked(rng, customers, events):
    """Who was asked what and when: one row (who, user, question, at, channel, touchpoint) per question to one user."""
    contacts = np.minimum(customers["users"], 1 + rng.poisson(0.6, CUSTOMERS).clip(max=2))
    people = pd.DataFrame({"who": np.repeat(np.arange(CUSTOMERS), contacts)})
    people["user"] = people.groupby("who").cumcount()
    asked = []

    def ask(rows, question, touchpoint, at, channel="email"):
        values = {"question": question, "touchpoint": touchpoint, "at": at // 1, "channel": channel}
        asked.append(rows[["who", "user"]].assign(**values))

    for quarter in range(6):
        day = 40 + 91 * quarter + rng.integers(0, 12, CUSTOMERS)[people["who"]]
        ask(people, "nps", "relationship", day * DAY + 9 * HOUR)
    for year in range(2):
        day = people["who"] * 37 % 365 + 365 * year
        for question in ("empathy", "understanding", "effectiveness"):
            ask(people, question, "yearly review", day * DAY + 10 * HOUR)
    occasions = [("purchase", "purchase", 0.3), ("login", "product", 0.012), ("support_ticket", "support", 0.7)]
    for event_type, touchpoint, share in occasions:
        rows = events[(events["event_type"] == event_type) & (rng.random(len(events)) < share)]
        at = rows["at"] + rows["duration"].fillna(0) + rng.exponential(11 * HOUR, len(rows))
        if touchpoint == "support":
            ask(rows, "support_csat", touchpoint, at, rows["channel"])
            ask(rows, "effort", touchpoint, at + 20, rows["channel"])
        else:
            ask(rows, "csat", touchpoint, at, "web")
    asked = pd.concat(asked).sort_values(["at", "who", "user", "question"], kind="stable", ignore_index=True)
    settled = asked["at"] > customers["start"].to_numpy()[asked["who"]] + 30 * DAY
    listed = customers["customer_id"].str.startswith("cust").to_numpy()[asked["who"]]
    wanted = ((asked["touchpoint"] == "support") | settled) & listed & is_customer(customers, asked)
    return asked[wanted].reset_index(drop=True)


def write_comment(rng, language, touchpoint, satisfaction):
    """A comment of one or two sentences in the mood of `satisfaction` (0 to 1)."""
    is_mixed = 0.4 < satisfaction < 0.72
    moods = ["+", "-"] if is_mixed else ["+" if satisfaction >= 0.72 else "-"] * rng.choice([1, 2], p=[0.7, 0.3])
    sentences = []
    for mood in moods:
        theme = "support" if touchpoint == "support" and rng.random() < 0.5 else rng.choice(THEMES)
        feature = rng.choice(PHRASES[language, "feature", "="])
        sentences.append(rng.choice(PHRASES[language, theme, mood]).format(f=feature))
    if is_mixed:
        sentences = [(rng.choice(PHRASES[language, "joint", "="]) + " ").join(sentences)]
    if rng.random() < 0.4:
        sentences[0] = rng.choice(PHRASES[language, "opener", "="]) + " " + sentences[0]
    return ". ".join(text[0].upper() + text[1:] for text in dict.fromkeys(sentences)) + rng.choice([".", ".", "", "!"])


def survey_answers(rng, customers, health, events):
    """The survey table as text, as the survey tool exported it at END: answered or not (yet)."""
    asked = questions_asked(rng, customers, events)
    who, user, sent, n = asked["who"].to_numpy(), asked["user"].to_numpy(), asked["at"].to_numpy(), len(asked)
    mood = health_at(health, who, sent) + rng.normal(0, 0.5, (CUSTOMERS, 40))[who, user]
    mean, slope, noise, low, high = np.array([SCORING[question] for question in asked["question"]]).T
    score = np.clip(np.round(mean + slope * mood + noise * rng.normal(size=n)), low, high)
    hours = np.where(rng.random(n) < 0.6, rng.exponential(5, n), rng.exponential(84, n))
    answered = (sent + 60 + hours * HOUR) // 1
    loaded = load_time(rng, answered)
    has_answer = (rng.random(n) < sigmoid(-0.5 + 0.4 * mood)) & (loaded <= END)
    loaded = np.where(has_answer, loaded, load_time(rng, sent))
    shares = LANGUAGE_SHARES.cumsum(axis=1)[customers["region"].to_numpy()[who]]
    spoken = (rng.random((CUSTOMERS, 40))[who, user][:, None] > shares).sum(axis=1)

    table = pd.DataFrame({"answer_id": [f"ans-{i:06d}" for i in range(1, n + 1)]})
    table["customer_id"] = customers["customer_id"].to_numpy()[who]
    table["respondent_id"] = table["customer_id"] + "-u" + asked["user"].astype(str)
    table["question"] = asked["question"]
    table["sent_at"] = as_text(sent)
    table["answered_at"] = as_text(np.where(has_answer, answered, np.nan))
    table["score"] = np.where(has_answer, score.astype(int).astype(str), "")
    table["comment"] = ""
    table["language"] = np.where(rng.random(n) < 0.02, "", LANGUAGES[spoken])
    table[["channel", "touchpoint"]] = asked[["channel", "touchpoint"]]
    table["loaded_at"] = as_text(loaded)

    commented = np.flatnonzero(has_answer & (rng.random(n) < COMMENT_SHARE))
    satisfaction = (score - low) / (high - low)
    about = zip(LANGUAGES[spoken[commented]], asked["touchpoint"][commented], satisfaction[commented], strict=True)
    table.loc[commented, "comment"] = [write_comment(rng, *row) for row in about]
    odd = rng.choice(commented, 3 * len(ODD_COMMENTS), replace=False)
    table.loc[odd, ["comment", "language"]] = [[text, "en"] for text in ODD_COMMENTS * 3]
    table = table[loaded <= END].reset_index(drop=True)

    # Unusual, but valid.
    answers = np.flatnonzero((table["score"] != "") & (table["sent_at"] > "2025-03"))
    nps = table.loc[answers][table["question"][answers] == "nps"]
    zoned, decimal, unasked, unscored, spaced = rng.choice(answers, (5, 8), replace=False)
    local = pd.to_datetime(table.loc[zoned, "sent_at"]) + pd.Timedelta(hours=2)
    table.loc[zoned, "sent_at"] = local.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00")
    table.loc[decimal, "score"] += ".0"
    table.loc[unasked, "sent_at"] = ""
    table.loc[unscored, "score"] = ""
    table.loc[spaced, ["answer_id", "customer_id"]] += " "
    copies = table.sample(frac=DUPLICATE_SHARE, random_state=rng).assign(loaded_at=as_text([LAST_LOAD])[0])
    return pd.concat([table, copies, broken(rng, nps, BROKEN_ANSWERS)])


def write_demo_data(out):
    """Write the three files into folder `out` (made if absent) and return their row counts by file name.

    Files are written beside `out` first, so that a run that is stopped leaves no half file there. Raises OSError.
    """
    customers, health = make_customers(np.random.default_rng([SEED, 0]))
    events = make_events(np.random.default_rng([SEED, 1]), customers, health)
    tables = {
        "events.parquet": events_table(np.random.default_rng([SEED, 2]), events),
        "survey_answers.csv": survey_answers(np.random.default_rng([SEED, 3]), customers, health, events),
        "customers.csv": customer_versions(np.random.default_rng([SEED, 4]), customers),
    }
    out.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    partial.mkdir(exist_ok=True)
    for name, table in tables.items():
        if name.endswith(".parquet"):
            pq.write_table(table, partial / name, compression="zstd")
        else:
            table.to_csv(partial / name, index=False, lineterminator="\n", encoding="utf-8")
    for name in tables:
        os.replace(partial / name, out / name)
    partial.rmdir()
    return {name: len(table) for name, table in tables.items()}


def main():
    parser = argparse.ArgumentParser(description="Write the data of the synthetic demo company.")
    parser.add_argument("--out", type=Path, default=Path("data/demo"), help="folder for the three files")
    out = parser.parse_args().out
    try:
        rows = write_demo_data(out.absolute())
    except OSError as error:
        message = f"The demo data could not be written to {out}: {error.strerror}. Name another folder: --out"
        raise SystemExit(message) from None
    print(f"Demo data in {out}: " + ", ".join(f"{name} ({count:,} rows)" for name, count in rows.items()))


if __name__ == "__main__":
    main()

"""British spellings and what American English makes of them; closed compounds and their open form."""

from collections.abc import Mapping

_WORDS = """
    grey gray | greys grays | greyish grayish | greying graying | greyscale grayscale | paeds peds
    tyre tire | tyres tires | cheque check | cheques checks | kerb curb | plough plow | cosy cozy
    programme program | programmes programs | pyjamas pajamas | mould mold | moulds molds | mouldy moldy
    smoulder smolder | smouldering smoldering | sceptic skeptic | sceptical skeptical | sceptics skeptics
    licence license | licences licenses | practise practice | practised practiced | practises practices
    practising practicing | defence defense | offence offense | pretence pretense | disc disk | discs disks
    aluminium aluminum | ageing aging | judgement judgment | judgements judgments | acknowledgement acknowledgment
    artefact artifact | artefacts artifacts | yoghurt yogurt | yoghurts yogurts | jewellery jewelry
    woollen woolen | omelette omelet | neurone neuron | neurones neurons | sizeable sizable | likeable likable
    enrol enroll | enrols enrolls | enrolment enrollment | fulfil fulfill | fulfils fulfills
    fulfilment fulfillment | skilful skillful | skilfully skillfully | wilful willful | distil distill
    instil instill | instalment installment | instalments installments | dietician dietitian
    dieticians dietitians | catalogue catalog | catalogues catalogs | catalogued cataloged
    dialogue dialog | dialogues dialogs | analogue analog | analogues analogs | homologue homolog
    homologues homologs | theatre theater | theatres theaters | calibre caliber | lustre luster
    meagre meager | sombre somber | spectre specter | titre titer | titres titers | goitre goiter
    goitres goiters | ochre ocher | centring centering | amoxycillin amoxicillin | cefalexin cephalexin
    cesarian cesarean | lyse lyze | lysed lyzed | lysing lyzing | lachrymal lacrimal | aneurism aneurysm
    aneurisms aneurysms
"""
WORDS: Mapping[str, str] = {
    british: american
    for pair in _WORDS.replace("\n", "|").split("|")
    if pair.strip()
    for british, american in [pair.split()]
}
"""Whole words."""

STEMS: Mapping[str, str] = {
    "aegophon": "egophon",
    "aemi": "emi",
    "aesthesi": "esthesi",
    "aetio": "etio",
    "amoeb": "ameb",
    "anaesth": "anesth",
    "caec": "cec",
    "caesar": "cesar",
    "caesium": "cesium",
    "coeliac": "celiac",
    "faec": "fec",
    "fibre": "fiber",
    "foeta": "feta",
    "foeti": "feti",
    "foeto": "feto",
    "foetu": "fetu",
    "gynaec": "gynec",
    "haem": "hem",
    "homoeo": "homeo",
    "leucocyt": "leukocyt",
    "leucop": "leukop",
    "manoeuvr": "maneuver",
    "manoeuvre": "maneuver",
    "naev": "nev",
    "oedem": "edem",
    "oesoph": "esoph",
    "oestr": "estr",
    "paedi": "pedi",
    "paedo": "pedo",
    "palaeo": "paleo",
    "phaeo": "pheo",
    "pnoea": "pnea",
    "pnoei": "pnei",
    "praevi": "previ",
    "rrhoea": "rrhea",
    "rrhoei": "rrhei",
    "sulph": "sulf",
    "tranquillis": "tranquilis",
    "tranquilliz": "tranquiliz",
}
"""Parts of words; "anaerobe", "aerosol" and "larvae" hold none of them."""

OUR = [
    "arm",
    "behavi",
    "cand",
    "clam",
    "col",
    "demean",
    "enam",
    "endeav",
    "fav",
    "flav",
    "harb",
    "hon",
    "hum",
    "lab",
    "neighb",
    "od",
    "parl",
    "rig",
    "rum",
    "sav",
    "savi",
    "splend",
    "tum",
    "vap",
    "vig",
]
"""What stands before -our that Americans write -or; "contour", "hour" and "glamour" do not change."""

ONE_L = [
    "cancel",
    "channel",
    "chisel",
    "counsel",
    "dial",
    "duel",
    "enamel",
    "equal",
    "fuel",
    "funnel",
    "grovel",
    "initial",
    "jewel",
    "label",
    "level",
    "libel",
    "marvel",
    "metal",
    "model",
    "panel",
    "pedal",
    "pencil",
    "quarrel",
    "rival",
    "shovel",
    "signal",
    "snorkel",
    "spiral",
    "swivel",
    "total",
    "travel",
    "tunnel",
    "unravel",
]
"""Verbs whose last l is doubled only in Britain: labelled."""

NOT_ISE = (
    "ais",
    "ois",
    "guis",
    "ruis",
    "quis",
    "wis",
    "pris",
    "vis",
    "exercis",
    "incis",
    "excis",
    "precis",
    "concis",
    "circumcis",
    "promis",
    "advertis",
    "chastis",
    "practis",
    "franchis",
    "despis",
)
"""Ends of what stands before -e, -ed, -ing in words that are no -ize verbs: exercise, precise, otherwise."""

NOT_ISE_WORDS = frozenset(
    [
        "cannabis",
        "chemis",
        "chrysalis",
        "demis",
        "expertis",
        "highris",
        "mantis",
        "merchandis",
        "moonris",
        "mortis",
        "paradis",
        "penis",
        "portcullis",
        "premis",
        "sunris",
        "surmis",
        "tennis",
        "treatis",
        "trellis",
        "upris",
        "valis",
    ]
)
"""The same of single words, whose ends other verbs have: mortise, but amortise; demise, but academise."""

COMPOUNDS: Mapping[str, tuple[str, ...]] = {
    "alright": ("all", "right"),
    "bloodwork": ("blood", "work"),
    "checkup": ("check", "up"),
    "checkups": ("check", "ups"),
    "coworker": ("co", "worker"),
    "coworkers": ("co", "workers"),
    "email": ("e", "mail"),
    "emails": ("e", "mails"),
    "followup": ("follow", "up"),
    "followups": ("follow", "ups"),
    "healthcare": ("health", "care"),
    "nonsmoker": ("non", "smoker"),
    "pincode": ("pin", "code"),
    "pincodes": ("pin", "codes"),
    "postop": ("post", "op"),
    "preop": ("pre", "op"),
    "wellbeing": ("well", "being"),
    "workup": ("work", "up"),
    "xray": ("x", "ray"),
    "xrays": ("x", "rays"),
}
"""Closed compounds whose hyphen the punctuation step would have split."""

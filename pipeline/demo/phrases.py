"""What radiologists say of each finding, and what it means under the paper's convention. Data only.

`<words|concept>` marks a mention (`<words>` where the words are the concept's name); a sign fixes
its polarity (+ positive, - negative, ? uncertain), else the reader's certainty does. `sure` is
certainty 5, `likely` is 4 (both positive), `unsure` is 3 and less (uncertain).
Source of meanings: spec labeler 1.1, 2.2, 2.3, 3.1. Phrases whose class the spec leaves open
(patchy opacity, density, scar) are not used.
"""

CONCEPTS: dict[str, tuple[str, ...]] = {  # to classes of rules/labels.yaml
    "airway": ("airway wall thickening",),
    "atelectasis": ("atelectasis",),
    "blunting": ("pleural abnormality", "pleural effusion", "pleural thickening"),
    "cardiomediastinal": (
        "enlarged cardiac silhouette",
        "wide mediastinum & abnormal mediastinum contour",
    ),
    "consolidation": ("consolidation",),
    "device": ("support devices",),
    "edema": ("pulmonary edema",),
    "effusion": ("pleural abnormality", "pleural effusion"),
    "emphysema": ("high lung volume - emphysema & emphysema",),
    "fracture": ("acute fracture & fracture",),
    "groundglass": ("groundglass opacity",),
    "heart": ("enlarged cardiac silhouette",),
    "hernia": ("hiatal hernia",),
    "hilum": ("enlarged hilum",),
    "ild": ("interstitial lung disease & fibrosis",),
    "infiltrate": ("consolidation",),
    "interstitial": ("interstitial lung disease & fibrosis",),
    "mass": ("lung nodule or mass", "mass"),
    "mediastinum": ("wide mediastinum & abnormal mediastinum contour",),
    "nodule": ("lung nodule or mass", "nodule"),
    "opacity": ("atelectasis", "consolidation"),
    "pneumonia": ("consolidation",),
    "pneumothorax": ("pneumothorax",),
    "quality": ("quality issue",),
    "thickening": ("pleural abnormality", "pleural thickening"),
}

SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "acute fracture & fracture": {
        "sure": (
            "acute {side} lateral rib <fracture{s}|fracture>",
            "{there} {a}displaced {side} rib <fracture{s}|fracture>",
        ),
        "likely": ("probable nondisplaced {side} rib <fracture{s}|fracture>",),
        "unsure": (
            "possible {side} rib <fracture{s}|fracture>",
            "cannot exclude {a}nondisplaced {side} rib <fracture{s}|fracture>",
        ),
    },
    "airway wall thickening": {
        "sure": ("{degree} <bronchial wall thickening|airway>",),
        "likely": ("probable <airway wall thickening|airway>",),
        "unsure": ("possible {degree} <bronchial wall thickening|airway>",),
    },
    "atelectasis": {
        "sure": (
            "{degree} {side} {zone} <atelectasis>",
            "there is {side} {zone} <atelectasis>",
            "unchanged {side} {zone} <atelectasis>",
            "{side} {zone} <opacit{y}|opacity> consistent with <atelectasis>",
            "{side}-sided {zone} <volume loss|atelectasis>",
        ),
        "likely": (
            "{side} {zone} <opacit{y}|opacity> , likely <atelectasis>",
            "probable {side} {zone} <atelectasis>",
            "{side} {zone} <opacit{y}|opacity>",
        ),
        "unsure": (
            "possible {side} {zone} <atelectasis>",
            "{side} {zone} <atelectasis> cannot be excluded",
            "{side} {zone} <atelectasis|atelectasis?> versus <pneumonia|pneumonia?>",
        ),
    },
    "consolidation": {
        "sure": (
            "{side} {lobe} <consolidation>",
            "there is dense <consolidation> in the {side} {lobe}{s}",
            "{side} {lobe} <opacit{y}|opacity> compatible with <pneumonia>",
            "worsening {side} {lobe} <consolidation>",
        ),
        "likely": (
            "{side} {lobe} <opacit{y}|opacity> concerning for <pneumonia>",
            "probable {side} {lobe} <pneumonia>",
            "{side} {lobe} <infiltrate{s}|infiltrate>",
        ),
        "unsure": (
            "possible {side} {lobe} <pneumonia>",
            "cannot exclude {side} {lobe} <pneumonia>",
            "questionable {side} {lobe} <consolidation>",
        ),
    },
    "enlarged cardiac silhouette": {
        "sure": (
            "{degree} <cardiomegaly|heart>",
            "the <heart> is enlarged",
            "<heart size|heart> is enlarged",
            "enlarged <cardiac silhouette|heart>",
            "stable <cardiomegaly|heart>",
            "<heart size|heart> is mildly enlarged , stable",
        ),
        "likely": ("probable {degree} <cardiomegaly|heart>", "mildly enlarged <heart>"),
        "unsure": ("<heart size|heart> is borderline", "possible {degree} <cardiomegaly|heart>"),
    },
    "enlarged hilum": {
        "sure": ("enlarged {side} <hilum>",),
        "likely": ("prominent {side} <hilum>",),
        "unsure": ("possible enlargement of the {side} <hilum>",),
    },
    "groundglass opacity": {
        "sure": (
            "{side} {lobe} <groundglass opacit{y}|groundglass>",
            "<hazy opacit{y}|groundglass> in the {side} {lobe}{s}",
        ),
        "likely": (
            "probable {side} {lobe} <groundglass opacit{y}|groundglass>",
            "<hazy opacit{y}|groundglass> of the {side} {lobe}{s} , likely infectious",
        ),
        "unsure": ("possible {side} {lobe} <groundglass opacit{y}|groundglass>",),
    },
    "hiatal hernia": {
        "sure": ("{size} <hiatal hernia|hernia>",),
        "likely": ("probable {size} <hiatal hernia|hernia>",),
        "unsure": ("possible <hiatal hernia|hernia>",),
    },
    "high lung volume - emphysema & emphysema": {
        "sure": ("{degree} <emphysema>", "the lungs are <hyperinflated|emphysema>"),
        "likely": ("probable {degree} <emphysema>",),
        "unsure": ("possible <emphysema>",),
    },
    "interstitial lung disease & fibrosis": {
        "sure": ("basilar <pulmonary fibrosis|ild>", "chronic <interstitial lung disease|ild>"),
        "likely": ("probable <interstitial lung disease|ild>",),
        "unsure": ("possible <pulmonary fibrosis|ild>",),
    },
    "mass": {
        "sure": ("there is a large <mass> in the {side} {lobe}{s}", "{side} {lobe} <mass>"),
        "likely": ("probable {side} {lobe} <mass>",),
        "unsure": ("questionable {side} {lobe} <mass>",),
    },
    "nodule": {
        "sure": (
            "{there} {a}small <nodule{s}|nodule> in the {side} {lobe}{s}",
            "{side} {lobe} <nodule{s}|nodule>",
        ),
        "likely": ("probable {side} {lobe} <nodule{s}|nodule>",),
        "unsure": (
            "possible {side} {lobe} <nodule{s}|nodule>",
            "questionable <nodule{s}|nodule> in the {side} {lobe}{s}",
        ),
    },
    "pleural effusion": {
        "sure": (
            "{size} {side} <pleural effusion{s}|effusion>",
            "{there} {a}{size} {side} <pleural effusion{s}|effusion>",
            "stable {size} {side} <effusion{s}|effusion>",
            "{side} <pleural effusion{s}|effusion> , increased",
        ),
        "likely": (
            "probable {size} {side} <pleural effusion{s}|effusion>",
            "<blunting> of the {side} costophrenic angle{s} , likely {size} <effusion{s}|effusion>",
        ),
        "unsure": (
            "possible trace {side} <pleural effusion{s}|effusion>",
            "{side} <pleural effusion{s}|effusion> cannot be excluded",
        ),
    },
    "pleural thickening": {
        "sure": ("{side} apical <pleural thickening|thickening>",),
        "likely": ("probable {side} <pleural thickening|thickening>",),
        "unsure": ("possible {side} <pleural thickening|thickening>",),
    },
    "pneumothorax": {
        "sure": (
            "{size} {side} apical <pneumothorax>",
            "there is {a}{size} {side} <pneumothorax> without midline shift",
        ),
        "likely": ("probable small {side} apical <pneumothorax>",),
        "unsure": (
            "possible tiny {side} apical <pneumothorax>",
            "cannot exclude {a}small {side} apical <pneumothorax>",
        ),
    },
    "pulmonary edema": {
        "sure": (
            "{degree} <pulmonary edema|edema>",
            "there is {degree} <interstitial edema|edema>",
            "persistent {degree} <pulmonary edema|edema>",
        ),
        "likely": (
            "findings suggestive of <pulmonary edema|edema>",
            "increased <interstitial markings|interstitial> , likely <edema>",
        ),
        "unsure": (
            "possible {degree} <interstitial edema|edema>",
            "{degree} <pulmonary edema|edema> cannot be excluded",
            "<pulmonary vascular congestion|edema?>",
        ),
    },
    "wide mediastinum & abnormal mediastinum contour": {
        "sure": ("the <mediastinum> is widened", "widened <mediastinum>"),
        "likely": ("probable <mediastinal widening|mediastinum>",),
        "unsure": ("possible <mediastinal widening|mediastinum>",),
    },
}

# One ellipse stands for both findings.
SAME_ELLIPSE: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("atelectasis", "consolidation"): {
        "sure": (
            "{side} {zone} <opacit{y}|opacity>",
            "{side} {zone} <atelectasis> and <consolidation>",
            "{side} {zone} <atelectasis> / <consolidation>",
        ),
        "likely": (
            "{side} {zone} <opacit{y}|opacity>",
            "{side} {zone} <opacit{y}|opacity> , likely <atelectasis> and <pneumonia>",
        ),
        "unsure": (
            "{side} {zone} <atelectasis> versus <pneumonia>",
            "possible {side} {zone} <atelectasis> or <pneumonia>",
        ),
    },
}

# Two ellipses, or pairs of them, that are often said in one breath.
PAIRS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("pleural effusion", "atelectasis"): {
        "sure": (
            "{size} {side} <pleural effusion{s}|effusion> with adjacent <atelectasis>",
            "{side} <pleural effusion{s}|effusion> and {zone} <atelectasis>",
        ),
        "likely": ("probable {side} <pleural effusion{s}|effusion> and <atelectasis>",),
    },
    ("enlarged cardiac silhouette", "pulmonary edema"): {
        "sure": (
            "<cardiomegaly|heart> with {degree} <pulmonary edema|edema>",
            "{degree} <cardiomegaly|heart> and <pulmonary edema|edema>",
        ),
    },
}

NEGATED: dict[str, tuple[str, ...]] = {
    "consolidation": ("focal <consolidation>", "<consolidation>"),
    "effusion": ("<pleural effusion|effusion>", "<effusion>"),
    "pneumothorax": ("<pneumothorax>",),
    "edema": ("<pulmonary edema|edema>", "overt <edema>"),
    "fracture": ("displaced rib <fracture>",),
    "nodule": ("suspicious <nodule>",),
}

NEGATIONS: dict[int, tuple[str, ...]] = {  # by how many findings are denied, 3 = three and more
    1: (
        "no {0}",
        "there is no {0}",
        "no evidence of {0}",
        "negative for {0}",
        "no {0} is identified",
    ),
    2: ("no {0} or {1}", "no evidence of {0} or {1}", "neither {0} nor {1} is seen"),
    3: ("no {many} , or {last}", "no {many} or {last}", "there is no {many} , or {last}"),
}

RESOLVED = "previously seen {0} has resolved"
RESOLVING = frozenset(("consolidation", "effusion", "pneumothorax", "edema"))
RESOLVED_RATE = 0.15  # of sentences that deny one of these alone

HEART: tuple[str, ...] = (
    "<heart size|heart-> is normal",
    "the <heart|heart-> is normal in size",
    "the <cardiac silhouette|heart-> is within normal limits",
    "the <cardiomediastinal silhouette|cardiomediastinal-> is unremarkable",
    "<heart size|heart-> and <mediastinum|mediastinum-> are normal",
    "<heart size|heart-> is normal",
    "the cardiac silhouette is stable",
)

CLEAR: tuple[str, ...] = (
    "the lungs are clear",
    "lungs are well expanded and clear",
    "lung fields are clear bilaterally",
)

NEUTRAL: tuple[str, ...] = (
    "no acute osseous abnormality",
    "the osseous structures are intact",
    "the upper abdomen is unremarkable",
    "no acute cardiopulmonary process",
)

DEVICES: dict[str, tuple[str, ...]] = {  # by the side on which the picture shows one
    "right": (
        "right <picc|device+> terminates in the svc",
        "right internal jugular <central line|device+> ends in the right atrium",
    ),
    "left": ("left chest wall <pacemaker|device+> with intact <leads|device+>",),
    "middle": (
        "<endotracheal tube|device+> terminates above the carina",
        "<nasogastric tube|device+> courses below the diaphragm",
    ),
}

QUALITY: tuple[str, ...] = (
    "the <exam is limited|quality+> by <patient rotation|quality+>",
    "<suboptimal exam|quality+> with <motion|quality+>",
)

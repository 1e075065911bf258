import pytest

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.sentence_ends import end_sentences
from gazescribe.pipeline.ingest.transcripts import cut_phrase, sentence_ends, transcribe
from gazescribe.pipeline.sources.faults import Findings


def ended(phrases, pause_s=0.7):
    """Sentences of phrases (text, onset, offset), what ended them, and the faults."""
    chunk = Chunk()
    words = [word for phrase in phrases for word in cut_phrase(*phrase)]
    findings = Findings("A.csv", "A", chunk.faults)
    words, ends = end_sentences(words, sentence_ends(words), pause_s, findings, chunk)
    chunk.add_words("A", transcribe([word.text for word in words], ends), words)
    rows = chunk.tables["sentences"]
    text = transcribe([word.text for word in words], ends).text
    edges = zip(rows["char_start"][0], rows["char_end"][0], strict=True)
    sentences = [text[start:end] for start, end in edges]
    pieces = chunk.tables.get("attributes", {"value": []})["value"]
    return sentences, [value for piece in pieces for value in piece], chunk


def spoken(text, gap_s=0.1):
    """Words of half a second, each with a gap behind it; `|` is a pause of two seconds."""
    phrases, time_s = [], 0.0
    for word in text.split():
        if word == "|":
            time_s += 2.0
        else:
            phrases.append((word, time_s, time_s + 0.5))
            time_s += 0.5 + gap_s
    return phrases


@pytest.mark.parametrize(
    ("text", "sentences", "ended_by"),
    [
        pytest.param("clear. | heart big", ["clear.", "heart big"], [], id="a period"),
        pytest.param("no mass | or nodule.", ["no mass or nodule."], [], id="a last period"),
        pytest.param(
            "no mass period heart | big period",
            ["no mass period", "heart big period"],
            ["spoken"],
            id="spoken",
        ),
        pytest.param(
            "no mass full stop new line heart big.",
            ["no mass full stop new line", "heart big."],
            ["spoken"],
            id="spoken in several words, with a last period",
        ),
        pytest.param("no mass | heart big", ["no mass", "heart big"], ["pauses"], id="a pause"),
        pytest.param("no | mass seen", ["no mass seen"], ["nothing"], id="not after no"),
        pytest.param("mass | is seen", ["mass is seen"], ["nothing"], id="not before is"),
        pytest.param("mass , | nodule", ["mass, nodule"], ["nothing"], id="not after a comma"),
        pytest.param("over this period | big", ["over this period", "big"], ["pauses"], id="word"),
        pytest.param("未见气胸。心影增大", ["未见气胸。", "心影增大"], [], id="another script"),
    ],
)
def test_what_ends_sentences(text, sentences, ended_by):
    assert ended(spoken(text))[:2] == (sentences, ended_by)


def test_phrases_are_cut_behind_spoken_periods():
    sentences, _, chunk = ended([("no mass period heart big", 0.0, 2.4), ("no edema", 2.5, 3.0)])
    assert sentences == ["no mass period", "heart big no edema"]
    assert chunk.tables["words"]["offset_s"][0] == pytest.approx([1.4, 2.4, 3.0])


@pytest.mark.parametrize(
    ("pause_s", "n"),
    [pytest.param(None, 1, id="off"), pytest.param(0.3, 2, id="is"), pytest.param(0.31, 1)],
)
def test_a_pause_of_the_length_asked_for_ends_a_sentence(pause_s, n):
    sentences, _, chunk = ended([("clear", 0.1, 0.2), ("big", 0.5, 0.8)], pause_s)
    assert len(sentences) == n
    (fault,) = chunk.faults
    code = "no_sentence_ends" if n == 1 else "sentence_ends_pauses"
    assert (fault.code, fault.severity, fault.n, fault.item) == (code, "warning", n, "A")


def test_words_come_from_the_rules_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "rules").mkdir()
    rules = 'spoken: [{mark: ".", phrases: [punkt]}]\nnot_last: [kein]\n'
    (tmp_path / "rules" / "punctuation.yaml").write_text(rules)
    monkeypatch.chdir(tmp_path)
    sentences, ended_by, _ = ended(spoken("kein erguss punkt herz period"))
    assert (sentences, ended_by) == (["kein erguss punkt", "herz period"], ["spoken"])
    assert ended(spoken("kein | erguss | no | mass"))[0] == ["kein erguss", "no", "mass"]

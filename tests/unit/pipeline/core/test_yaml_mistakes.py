import pytest
import yaml

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.yaml_files import load_yaml
from gazescribe.pipeline.core.yaml_mistakes import usual_mistake


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1\n", "line 2: it begins with a tab"),
        ("a:\n  b x.csv\n  c: 1\n", "line 2: b x.csv has no colon behind its key"),
        ("a:\n  b: {id}.csv\n", "line 2: {id}.csv must stand in quotes"),
        ("a:\n  b: *.csv\n", r"line 2: \*.csv must stand in quotes"),
        ("a: Read aloud: by two\n", "line 1: a value that holds a colon must stand in quotes"),
        ("a:\n  b:\n    c: 1\n   d: 2\n", "line 4: it is indented otherwise than the keys above"),
        ("a: 1\n  b: 2\n", "line 2: the line above has a value"),
        ("a: 1\nb:2\n", "line 2: a blank is missing behind the colon"),
    ],
)
def test_usual_mistakes_are_named(tmp_path, text, message):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(GazeError, match=message):
        load_yaml(path, GazeError)


@pytest.mark.parametrize("text", ["a: 1\nb: [1\nc: 2\n", "a: *x", 'a: "open\n'])
def test_what_is_unusual_is_left_to_the_parser(text):
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.compose(text, yaml.SafeLoader)
    assert usual_mistake(text, caught.value) is None

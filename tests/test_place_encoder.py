"""Putting an encoder into the project."""


def test_an_encoder_replaces_another_completely(script, tmp_path):
    first, second, output = tmp_path / "first", tmp_path / "second", tmp_path / "output"
    for folder, weights in ((first, "model.safetensors"), (second, "pytorch_model.bin")):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / weights).write_bytes(weights.encode())
    (first / "tokenizer.json").write_text("{}")
    assert script("place_encoder", first, output).code == 0
    assert script("place_encoder", second, output).code == 0
    assert sorted(path.name for path in output.iterdir()) == ["config.json", "origin.txt", "pytorch_model.bin"]
    assert script("place_encoder", first, output, "--sha256", "0" * 64).failed("not the expected")
    assert sorted(path.name for path in output.iterdir()) == ["config.json", "origin.txt", "pytorch_model.bin"]


def test_an_encoder_that_is_nowhere_is_named_unless_it_is_in_place(script, tmp_path):
    output = tmp_path / "output"
    assert script("place_encoder", "no-such-encoder", output).failed("BR200") and not output.exists()
    output.mkdir()
    for origin, code in (("another", 1), ("no-such-encoder", 0)):
        (output / "origin.txt").write_text(origin)
        assert script("place_encoder", "no-such-encoder", output).code == code

import zipfile

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats.members import find_broken, list_members, read_members


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.mkdir("c") if hasattr(file, "mkdir") else None
        for name in ("b", "a", "d"):
            file.writestr(f"c/{name}.xml", name * 1000)
    return path


def damage(path, *texts):
    data = path.read_bytes()
    for text in texts:
        assert data.count(text) == 1
        data = data.replace(text, b"?" * len(text))
    path.write_bytes(data)


def test_files_of_an_archive(archive):
    assert list_members(archive) == dict.fromkeys(["c/b.xml", "c/a.xml", "c/d.xml"], archive)


def test_contents_of_a_part_of_an_archive(archive):
    (first, second) = read_members({"c/a.xml": archive, "c/d.xml": archive})
    assert first == (f"{archive}, member c/a.xml", b"a" * 1000)
    assert second[1] == b"d" * 1000


def test_files_of_a_folder(tmp_path):
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "a.xml").write_bytes(b"a")
    members = list_members(tmp_path)
    assert members == {"x/y/a.xml": tmp_path / "x" / "y" / "a.xml"}
    assert list(read_members(members)) == [(str(tmp_path / "x" / "y" / "a.xml"), b"a")]


def test_broken_members_are_counted_and_named(archive):
    damage(archive, b"a" * 1000, b"d" * 1000)
    files = list_members(archive)
    assert list(find_broken(files, bytes)) == ["c/a.xml", "c/d.xml"]
    with pytest.raises(BioreError, match=r"BR100.*c\.zip, member c/a\.xml: "):
        list(read_members(files))


def test_broken_files_of_a_folder_are_named(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.xml").write_text(name)
    files = list_members(tmp_path)
    (tmp_path / "b.xml").unlink()

    def parse(data):
        if data == b"c":
            raise ValueError("unfinished")

    assert find_broken(files, parse) == {"b.xml": "No such file or directory", "c.xml": "unfinished"}
    with pytest.raises(BioreError, match=r"BR100.*b\.xml: No such file"):
        list(read_members(files))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(archive):
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("c/a.xml", "another")
    with pytest.raises(BioreError, match=r"BR150.*c\.zip: it has several files of one name: c/a\.xml\."):
        list_members(archive)


def test_broken_archive(archive):
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(BioreError, match=r"BR150.*c\.zip"):
        list_members(archive)


def test_neither_folder_nor_archive(tmp_path):
    (tmp_path / "a.xml").write_text("<document/>")
    with pytest.raises(BioreError, match=r"BR100.*a\.xml: .*folder or a \.zip"):
        list_members(tmp_path / "a.xml")


def test_missing_path(tmp_path):
    with pytest.raises(BioreError, match=r"BR100.*nowhere\.zip: no such file"):
        list_members(tmp_path / "nowhere.zip")

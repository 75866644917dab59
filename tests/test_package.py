"""The distributions that a user installs: what is in them, and that they work in an environment of their own."""

import ast
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = "spacy_biore"
SOURCES = (PACKAGE, "tests", "configs", "docs", "benchmarks", "scripts", "assets/sample")

# One group, so that the distributions are built once and not on every worker.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("package")]

# Nothing imports these when it is imported itself: test_entry_points_import_without_torch_and_transformers would fail.
OPTIONAL_MODULES = {"spacy_biore/recognition/transformer_shim.py"}

RELATION_TYPES = [{"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"]}]

# Code that makes slow imports fail, as if they were not installed. A None in sys.modules would not do: some
# libraries look there to learn whether torch is in use.
WITHOUT_HEAVY_IMPORTS = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "tokenizers", "spacy_transformers"):
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Absent())
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    result = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def build(source: Path, out: Path, *kinds: str) -> None:
    # Without isolation, because an isolated build downloads its tools.
    run(sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", out, source)


def package_files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources: a build leaves files behind, and would also pick up those of earlier builds."""
    folder = tmp_path_factory.mktemp("source")
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy2(path, folder)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def dist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel, each built from the sources."""
    out = tmp_path_factory.mktemp("dist")
    build(source, out, "--sdist", "--wheel")
    return out


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    [path] = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked_sdist(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    [path] = dist.glob("*.tar.gz")
    out = tmp_path_factory.mktemp("sdist")
    with tarfile.open(path) as archive:
        archive.extraction_filter = tarfile.data_filter
        archive.extractall(out)
    [folder] = out.iterdir()
    return folder


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel and sees the dependencies of this one.

    The dependencies come by a .pth file. Such a file is not followed further, so an editable install of the
    package among them, which is itself a .pth file, has no effect there.
    """
    folder = tmp_path_factory.mktemp("installed") / "env"
    venv.EnvBuilder(symlinks=sys.platform != "win32", with_pip=False).create(folder)
    interpreter = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    site_packages = Path(run(interpreter, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    dependencies = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (site_packages / "dependencies.pth").write_text("\n".join(dependencies), encoding="utf8")
    run(sys.executable, "-m", "pip", "--python", interpreter, "install", "--no-deps", "--no-index", wheel)
    return interpreter


def run_isolated(python: Path, code: str, cwd: Path) -> str:
    """Run code outside the repository, without the user's settings, and with every warning an error."""
    return run(python, "-I", "-W", "error", "-c", code, cwd=cwd)


def test_wheel_holds_the_package_and_nothing_else(wheel: Path):
    files = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert files == package_files(ROOT / PACKAGE)


def test_wheel_declares_its_types_and_licence(wheel: Path):
    names = contents(wheel)
    assert f"{PACKAGE}/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_sdist_builds_the_same_wheel(unpacked_sdist: Path, wheel: Path, tmp_path: Path):
    build(unpacked_sdist, tmp_path, "--wheel")
    [rebuilt] = tmp_path.glob("*.whl")
    assert rebuilt.name == wheel.name
    assert contents(rebuilt) == contents(wheel)


def test_sdist_holds_the_tests(unpacked_sdist: Path):
    assert package_files(unpacked_sdist / "tests") >= {"tests/conftest.py", "tests/test_package.py"}


def test_installed_package_is_not_the_working_copy(python: Path, tmp_path: Path):
    location = run_isolated(python, f"import {PACKAGE}; print({PACKAGE}.__file__)", tmp_path)
    assert Path(location.strip()).is_relative_to(python.parents[1])


def test_installed_metadata_is_the_wheels(python: Path, tmp_path: Path):
    code = "from importlib.metadata import distribution; print(distribution('spacy-biore').locate_file(''))"
    assert Path(run_isolated(python, code, tmp_path).strip()).is_relative_to(python.parents[1])


def test_component_is_found_without_importing_the_package(python: Path, tmp_path: Path):
    code = f"""
import json, spacy, sys
assert "{PACKAGE}" not in sys.modules
nlp = spacy.blank("en")
nlp.add_pipe("relation_extractor", config={{"relation_types": json.loads({json.dumps(RELATION_TYPES)!r})}})
print(nlp.pipe_names)
"""
    assert run_isolated(python, code, tmp_path).strip() == "['relation_extractor']"


def test_command_is_found_without_importing_the_package(python: Path, tmp_path: Path):
    assert "convert" in run(python, "-I", "-m", "spacy", "biore", "--help", cwd=tmp_path)


def test_entry_points_import_without_torch_and_transformers(python: Path, tmp_path: Path):
    # thinc imports torch where it can, so torch has to be absent for its use by our modules to show.
    code = """
from importlib.metadata import distribution
print(len([entry.load() for entry in distribution("spacy-biore").entry_points]))
"""
    assert int(run_isolated(python, WITHOUT_HEAVY_IMPORTS + code, tmp_path)) > 0


def test_data_modules_import_without_torch_and_transformers(python: Path, tmp_path: Path):
    names = ["relations", "schema", "candidates", "instances"]
    names += [f"formats.{path.stem}" for path in (ROOT / PACKAGE / "formats").glob("[!_]*.py")]
    code = f"""
import importlib
for name in {sorted(names)!r}:
    importlib.import_module("{PACKAGE}." + name)
"""
    run_isolated(python, WITHOUT_HEAVY_IMPORTS + code, tmp_path)


def test_entry_points_leave_transformers_unimported(python: Path, tmp_path: Path):
    # An import guarded by try would pass the test before this one.
    code = """
import sys
from importlib.metadata import distribution
for entry in distribution("spacy-biore").entry_points:
    entry.load()
print([name for name in ("transformers", "spacy_transformers") if name in sys.modules])
"""
    assert run_isolated(python, code, tmp_path).strip() == "[]"


def imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield the top-level package of each absolute import, and whether it runs when the module is imported."""
    pending: list[tuple[ast.AST, bool]] = [(tree, True)]
    while pending:
        node, immediate = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], immediate) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], immediate
        deferred = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        pending.extend((child, immediate and not deferred) for child in ast.iter_child_nodes(node))


def requirements(wheel: Path) -> Iterator[Requirement]:
    [metadata] = [data for name, data in contents(wheel).items() if name.endswith(".dist-info/METADATA")]
    for line in metadata.decode().splitlines():
        if line.startswith("Requires-Dist: "):
            yield Requirement(line.removeprefix("Requires-Dist: "))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="packages_distributions misses most packages there")
def test_every_import_is_a_declared_dependency(wheel: Path):
    declared = {canonicalize_name(item.name): item for item in requirements(wheel)}
    always = {name for name, item in declared.items() if item.marker is None}
    distributions = packages_distributions()
    undeclared = set()
    for name, data in contents(wheel).items():
        if not name.endswith(".py"):
            continue
        for package, immediate in imports(ast.parse(data)):
            if package == PACKAGE or package in sys.stdlib_module_names:
                continue
            # An import inside a function, or in a module that only functions import, may be of an optional dependency.
            allowed = always if immediate and name not in OPTIONAL_MODULES else declared.keys()
            if not allowed & {canonicalize_name(item) for item in distributions.get(package, ())}:
                undeclared.add((name, package))
    assert undeclared == set()

"""The gallery as a Hugging Face Space: `python -m scripts.space check | sync | deploy OWNER/NAME`.

Hugging Face reads its settings from the YAML block at the top of README.md; ours live in the Spacefile.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
KEYS = (
    "title",
    "emoji",
    "colorFrom",
    "colorTo",
    "sdk",
    "sdk_version",
    "python_version",
    "app_file",
    "fullWidth",
    "header",
    "short_description",
    "suggested_hardware",
    "license",
    "tags",
    "models",
    "preload_from_hub",
)
# Left out of the Space: what only developers need.
IGNORED = ["tests/*", "docs/*", ".ci/*", ".venv/*", "runs/*", "**/__pycache__/*", ".git*"]


def spacefile(root: Path = ROOT) -> dict[str, Any]:
    """The descriptor's settings; `ValueError` names a key that is missing or unknown."""
    settings = yaml.safe_load((root / "Spacefile").read_text(encoding="utf-8"))
    missing, unknown = set(KEYS) - set(settings), set(settings) - set(KEYS)
    if missing or unknown:
        raise ValueError(f"Spacefile: missing {sorted(missing)}, unknown {sorted(unknown)}")
    return dict(settings)


def front_matter(settings: dict[str, Any]) -> str:
    """The YAML block of README.md; empty lists are left out, as the Hub expects."""
    kept = {key: settings[key] for key in KEYS if settings[key] not in ([], None)}
    text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
    return f"---\n{text}---\n"


def synced(root: Path = ROOT) -> str:
    """README.md as it should be."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    return front_matter(spacefile(root)) + BLOCK.sub("", readme, count=1)


def problems(root: Path = ROOT) -> list[str]:
    """What disagrees between the Spacefile, README.md and requirements.txt; empty when all is well."""
    settings = spacefile(root)
    found = []
    if (root / "README.md").read_text(encoding="utf-8") != synced(root):
        found.append(
            "README.md's front matter differs from the Spacefile: run `scripts.space sync`"
        )
    requirements = (root / "requirements.txt").read_text(encoding="utf-8")
    pin = re.search(r"^gradio(?:\[[\w,]+\])?==(\S+)$", requirements, re.MULTILINE)
    if pin is None:
        found.append("requirements.txt does not pin gradio exactly")
    elif pin[1] != settings["sdk_version"]:
        found.append(
            f"gradio is {pin[1]} in requirements.txt, {settings['sdk_version']} in Spacefile"
        )
    if not (root / settings["app_file"]).is_file():
        found.append(f"the app file {settings['app_file']} is missing")
    if len(settings["short_description"]) > 60:
        found.append("short_description has more than the Hub's 60 characters")
    return found


def tracked_files(root: Path = ROOT) -> list[str]:
    """Files that a deployment uploads: what git tracks, less what only developers need."""
    from fnmatch import fnmatch

    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True
    )
    files = listed.stdout.splitlines()
    return [f for f in files if not any(fnmatch(f, pattern) for pattern in IGNORED)]


def deploy(repository: str, *, dry_run: bool) -> None:
    """Create or update the Space `OWNER/NAME`; a dry run lists what would be uploaded."""
    files = tracked_files()
    size = sum((ROOT / f).stat().st_size for f in files)
    if dry_run:
        print("\n".join(files))
        print(f"{len(files)} files, {size / 1e6:.1f} MB would go to spaces/{repository}")
        return
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    api.create_repo(repository, repo_type="space", space_sdk="gradio", exist_ok=True)
    commit = api.create_commit(
        repository,
        [CommitOperationAdd(f, str(ROOT / f)) for f in files],
        repo_type="space",
        commit_message="Update the gallery",
    )
    print(f"deployed {len(files)} files: {commit.commit_url}")


def main() -> int:
    """Command line; 0 when all is well."""
    parser = argparse.ArgumentParser(prog="python -m scripts.space", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="compare Spacefile, README.md and requirements.txt")
    commands.add_parser("sync", help="write README.md's front matter")
    deployment = commands.add_parser("deploy", help="create or update the Space")
    deployment.add_argument("repository", metavar="OWNER/NAME")
    deployment.add_argument("--dry-run", action="store_true")
    args = parser.parse_args()
    if args.command == "sync":
        text = synced()
        (ROOT / "README.md").write_text(text, encoding="utf-8")
    elif args.command == "deploy":
        deploy(args.repository, dry_run=args.dry_run)
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

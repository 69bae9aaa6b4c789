"""Find a Chromium for the browser tests, and install one when there is none.

Looks for an installed browser first; as root on Debian it then takes the distribution's packages (with
the Chinese fonts that screenshots need), elsewhere Playwright's own download.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """Path of a browser: `GALLERY_CHROMIUM`, one on the path, or Playwright's."""
    named = os.environ.get("GALLERY_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def main() -> int:
    """Install what is missing; 0 when a browser is there."""
    apt = shutil.which("apt-get")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if apt and root and (find() is None or not chinese_fonts()):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = ["chromium", "fonts-noto-cjk", "fontconfig"]
        install = [apt, "install", "-y", "-qq", "--no-install-recommends", *packages]
        for command in ([apt, "update", "-qq"], install):
            subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
    if find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    path = find()
    print(f"browser: {path or 'none found; set GALLERY_CHROMIUM to one'}")
    return 0 if path else 1


def chinese_fonts() -> bool:
    """Whether a font with Chinese characters is installed."""
    lister = shutil.which("fc-list")
    if lister is None:
        return False
    listed = subprocess.run([lister, ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


if __name__ == "__main__":
    sys.exit(main())

"""The gallery: `python app.py` opens all tabs on http://127.0.0.1:7860; `--help` lists the options."""

import argparse
import os
import threading
from collections.abc import Iterable

# Set before Gradio is imported, which reads them: no telemetry, passive thread pools.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from core._threads import configure

configure()

from demos import Demo, discover  # noqa: E402 (after the settings above)
from demos._gallery import Gallery, build, launch_options  # noqa: E402


def options() -> argparse.Namespace:
    """What the command line says; environment variables give the defaults where they exist."""
    parser = argparse.ArgumentParser(
        prog="app.py", description="Scientific Spaces Gallery: the models of kexue.fm, alive."
    )
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
    )
    parser.add_argument("--share", action="store_true", help="a public link through gradio.live")
    parser.add_argument("--only", metavar="SLUG", action="append", help="open just this tab")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 …; chosen by itself when left out")
    parser.add_argument("--offline", action="store_true", help="never ask the Hub for weights")
    parser.add_argument("--backend", choices=("local", "ray"), default="local")
    parser.add_argument("--mcp", action="store_true", help="offer the endpoints as MCP tools")
    return parser.parse_args()


def chosen(only: list[str] | None) -> Gallery:
    """The page with its tabs; an unknown name stops the program with the list of known ones."""
    demos, broken = discover()
    if only:
        unknown = set(only) - {demo.slug for demo in demos}
        if unknown:
            known = ", ".join(demo.slug for demo in demos)
            raise SystemExit(f"no tab named {', '.join(sorted(unknown))}; there are: {known}")
        demos = [demo for demo in demos if demo.slug in only]
    return build(demos, broken)


def start_ray() -> None:
    """Let models run in replicas behind Ray Serve; without Ray the program stops with the remedy."""
    from core.runtime import use
    from core.runtime.serve import RayBackend

    try:
        use(RayBackend())
    except ModuleNotFoundError as error:
        raise SystemExit(str(error)) from error


def warm_up(demos: Iterable[Demo]) -> None:
    """Load each tab's models behind the page, one after the other; a failure stays in its tab."""
    for demo in demos:
        try:
            demo.warmup()
        except Exception as error:
            print(f"{demo.slug}: warm-up failed: {error}", flush=True)  # noqa: T201


def main() -> None:
    """Build, serve, warm up."""
    args = options()
    if args.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    if args.device:
        os.environ["GALLERY_DEVICE"] = args.device
    if args.backend == "ray":
        start_ray()
    gallery = chosen(args.only)
    from demos._status import status

    gallery.page.launch(
        server_name=args.host,
        server_port=args.port,
        share=args.share,
        mcp_server=args.mcp,
        prevent_thread_lock=True,
        **launch_options(gallery, status),
    )
    print(f"Scientific Spaces Gallery: http://{args.host}:{args.port}", flush=True)  # noqa: T201
    threading.Thread(target=warm_up, args=(gallery.demos,), name="warm-up", daemon=True).start()
    gallery.page.block_thread()


if __name__ == "__main__":
    main()

"""rnnlab forecast --html: the page of a forecast."""

from pathlib import Path

from rnnlab.core.errors import InputError, require
from rnnlab.core.files import write_atomically
from rnnlab.forecasting.forecast import Forecast
from rnnlab.formats.sources import local_name
from rnnlab.report.forecast_page import forecast_page


def check_page(html: str, file: str) -> Path:
    """The path of the page; raise InputError where it cannot be one."""
    path = Path(html)
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        raise InputError(f"--html {html}: write a name that ends with .html")
    if path.resolve() == Path(local_name(file)).resolve():
        raise InputError(f"--html {html}: {path} is the data itself; name another")
    require(path.parent, f"--html {html}: make this folder or name another")
    return path


def write_forecast_page(path: Path, found: Forecast, file: str) -> str:
    """Write the page; return what to say of it."""
    html, said = forecast_page(found.panel, found.table(), file)
    write_atomically(path, html.encode())
    return f"Page: {path} ({len(html.encode()) / 10**6:.1f} MB). {said}".rstrip()

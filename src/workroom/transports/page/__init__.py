"""The page that people see: the built files of ``web/app``, and who may look around in the demo."""

from workroom.transports.page.files import Page, PageSettings, Visitor, Visitors

__all__ = ["Page", "PageSettings", "Visitor", "Visitors"]

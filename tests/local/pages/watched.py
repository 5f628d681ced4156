"""A page of Chromium that is listened to."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page


class Watched:
    """``errors``: of console and scripts. ``dialogs``: what they said. ``addresses``: all that the page asked for."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.addresses: list[str] = []
        self.page.on("console", self._said)
        self.page.on("dialog", self._asked)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.addresses.append(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _asked(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

"""Does a student in JupyterLab see a table after filling in a function?"""

import asyncio
import json
import shutil

import pytest

from . import browser, notebook

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

PANEL = "[...jupyterapp.shell.widgets('main')].find(panel => panel.content && panel.content.widgets)"
NOTEBOOK = f"{PANEL}.content"
CELL = NOTEBOOK + ".widgets.findIndex(cell => cell.model.sharedModel.getId() === '{}')"


@pytest.fixture
def folder(tmp_path):
    """What a student gets."""
    for file in notebook.ROOM.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    return tmp_path


async def fill_and_check(address, answer):
    """Open the notebook, write an answer into the first stub, run to its check; return the text of the table."""
    async with browser.opened(address) as page:
        await page.until(f"{NOTEBOOK}.widgets.length > 20 && {PANEL}.sessionContext.isReady")
        await page.evaluate(f"jupyterapp.shell.activateById({PANEL}.id)")
        stub = await page.evaluate(CELL.format("batchnorm-forward"))
        check = await page.evaluate(CELL.format("forward-train-visible"))
        await page.evaluate(f"{NOTEBOOK}.widgets[{stub}].model.sharedModel.setSource({json.dumps(answer)})")
        await page.evaluate(
            f"{NOTEBOOK}.activeCellIndex = {check}; jupyterapp.commands.execute('notebook:run-all-above')"
        )
        await page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")
        await page.evaluate(f"{NOTEBOOK}.scrollToItem({check})")
        return await page.until(f"{NOTEBOOK}.widgets[{check}].node.querySelector('.jp-OutputArea table').innerText")


def test_filling_a_stub_turns_its_table_green(folder):
    """Is a filled-in function judged, and the table shown as a table?"""
    answer = notebook.functions_of(notebook.REFERENCE)["batchnorm_forward"]
    with browser.jupyter_lab(folder) as address:
        text = asyncio.run(fill_and_check(address.replace("/lab?", "/lab/tree/batchnorm.ipynb?"), answer))
    assert "Forward pass, training mode: 6 of 6 points" in text
    assert text.count("PASS") == 4

"""The page on which people review readings, one at a time."""

from __future__ import annotations

from agent.vision.line_text import SIGNS
from agent.web.markup import Markup, fill
from agent.web.review import MAX_TEXT_CHARACTERS

REVIEW = """
<noscript><p class="alert">This page needs JavaScript.</p></noscript>
<p id="said" class="note" role="status" hidden></p>
<section id="card" class="review" aria-label="Reading" hidden>
  <div id="frame" class="cut-out"><div id="place" hidden></div>
    <p id="no-picture" class="note" hidden>No picture of this reading is kept.</p></div>
  <form id="answer" autocomplete="off">
    <p class="note">Read as <b id="read"></b>, <span id="confidence"></span> sure, <span id="at"></span></p>
    <label for="text">What stands there?</label>
    <div class="typed">
      <input id="text" inputmode="decimal" maxlength="{longest}" spellcheck="false"
        title="Digits, and the signs {signs}">
      <button id="accept" aria-keyshortcuts="Enter">Accept <kbd>Enter</kbd></button>
    </div>
    <p class="actions">
      <button id="not-a-number" type="button" class="quiet" aria-keyshortcuts="N">Not a number <kbd>N</kbd></button>
      <button id="cannot-tell" type="button" class="quiet" aria-keyshortcuts="C">Cannot tell <kbd>C</kbd></button>
      <button id="undo" type="button" class="quiet" aria-keyshortcuts="U" disabled>Undo <kbd>U</kbd></button>
    </p>
  </form>
</section>
<p id="done" hidden>Nothing waits for review. The log keeps pictures of unsure readings, and of every twentieth sure
one; <code>--keep-pictures all</code> keeps all.</p>
<section class="rates"><h2>How often it is wrong</h2>
<div class="scroll" tabindex="0" role="region" aria-label="How often it is wrong">
<table><thead><tr><th scope="col">Readings</th><th scope="col">Waiting</th><th scope="col">Wrong</th>
<th scope="col">Share, 95 % interval</th></tr></thead><tbody>
<tr><th scope="row">Unsure</th><td id="unsure-waiting"></td><td id="unsure-wrong"></td><td id="unsure-rate"></td></tr>
<tr><th scope="row">Sure, at random</th><td id="sample-waiting"></td><td id="sample-wrong"></td>
<td id="sample-rate"></td></tr></tbody></table></div>
<p id="export" class="actions" hidden><a class="button" download href="/api/v1/corrections.zip">Download corrections</a>
</p></section>
"""


def review_body() -> Markup:
    """Return the content of the page; its script fills it."""
    return fill(REVIEW, signs=" ".join(SIGNS), longest=MAX_TEXT_CHARACTERS)

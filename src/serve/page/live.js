// Keeps the page of a live drill up to date, in place: only what differs is touched, so that nobody loses what they type, select or have opened.
"use strict";
(() => {
  const root = document.getElementById("lv");
  if (!root) return;
  const lost = document.getElementById("lv-lost");
  const csrf = document.getElementById("lv-csrf");
  let source;
  let last = "";
  let wait = 1000;

  const same = (one, other) =>
    one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");

  // What a person has done to an element is theirs.
  const theirs = (element, name) =>
    (element.nodeName === "DETAILS" && name === "open") || (element.nodeName === "INPUT" && (name === "value" || name === "checked"));

  function morph(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    if (old.hasAttribute("data-keep")) return;
    for (const { name, value } of fresh.attributes) {
      if (!theirs(old, name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!theirs(old, name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    children(old, fresh);
  }

  function children(old, fresh) {
    let next = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      const named = wanted.id && [...old.children].find((child) => child.id === wanted.id);
      if (named && named !== next) {
        // What stands between is gone, unless it is wanted later.
        old.insertBefore(named, next);
        next = named;
      }
      if (next && same(next, wanted)) {
        morph(next, wanted);
        next = next.nextSibling;
      } else {
        old.insertBefore(wanted, next);
      }
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
  }

  // What goes to everybody has nothing of anybody: who we are is on this page.
  function dress() {
    for (const form of root.querySelectorAll("form[method=post]:not([data-dressed])")) {
      form.setAttribute("data-dressed", "");
      if (!form.querySelector("[name=csrf]")) form.prepend(csrf.content.cloneNode(true));
      if (root.dataset.known) for (const who of form.querySelectorAll(".lv-who")) who.remove();
    }
  }

  function part(event) {
    const [name, html] = JSON.parse(event.data);
    const element = document.getElementById(`lv-${name}`);
    if (!element) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    children(element, fresh.content);
    dress();
  }

  function say(words) {
    if (lost.textContent !== words) lost.textContent = words;
  }

  function open() {
    const url = root.dataset.events + (last ? `?after=${encodeURIComponent(last)}` : "");
    source = new EventSource(url);
    source.addEventListener("open", () => {
      wait = 1000;
      say("");
    });
    source.addEventListener("part", part);
    source.addEventListener("frame", (event) => {
      last = event.lastEventId;
      if (event.data === "end") source.close();
    });
    source.addEventListener("error", () => {
      const now = new Date().toLocaleTimeString();
      if (!lost.textContent) say(`The connection is lost; this is how it was at ${now}. It is tried again by itself.`);
      // The browser tries again where the stream broke; where it was refused, it does not.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(open, wait);
        wait = Math.min(wait * 2, 30000);
      }
    });
  }

  dress();
  open();
})();

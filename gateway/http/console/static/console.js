// Pages work without this. With it, what a stream says is new is taken from the page itself, without reloading it, and a
// form asks before it does what cannot be undone.

for (const part of document.querySelectorAll("[data-live]")) {
  const stream = new EventSource(part.dataset.live);
  let asked = false;
  stream.onmessage = () => {
    if (asked) return;
    asked = true;
    setTimeout(async () => {
      asked = false;
      const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const fresh of page.querySelectorAll("[data-live]")) {
        const old = document.getElementById(fresh.id);
        if (old && old.innerHTML !== fresh.innerHTML && !old.contains(document.activeElement)) old.innerHTML = fresh.innerHTML;
      }
    }, 300);
  };
  addEventListener("pagehide", () => stream.close());
}

for (const drop of document.querySelectorAll("[data-drop] input[type=file]")) {
  drop.addEventListener("change", () => drop.files.length && drop.form.requestSubmit());
}

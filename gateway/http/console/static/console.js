// Pages work without this. With it, what a stream says is new is taken from the page itself, without reloading it, and a
// file that was dropped or chosen is examined at once.

// What somebody is at is left alone: a form they opened, or wrote in.
const inUse = (part) => part.contains(document.activeElement) || part.querySelector("details[open]:not([data-open])")
  || [...part.querySelectorAll("textarea")].some((one) => one.value);

for (const part of document.querySelectorAll("[data-live]")) {
  const stream = new EventSource(part.dataset.live);
  let asked = false;
  const renew = () => {
    if (asked) return;
    asked = true;
    setTimeout(async () => {
      asked = false;
      const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
      // The session is over, or this is theirs no more: what it showed goes from the screen.
      if (answer.redirected || answer.status === 404) return location.reload();
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const fresh of page.querySelectorAll("[data-live], [data-fresh]")) {
        const old = document.getElementById(fresh.id);
        if (old && old.innerHTML !== fresh.innerHTML && !inUse(old)) old.innerHTML = fresh.innerHTML;
      }
    }, 300);
  };
  stream.onmessage = renew;
  stream.onerror = () => stream.readyState === EventSource.CLOSED && renew();
  addEventListener("pagehide", () => stream.close());
}

for (const drop of document.querySelectorAll("[data-drop] input[type=file]")) {
  drop.addEventListener("change", () => drop.files.length && drop.form.requestSubmit());
}

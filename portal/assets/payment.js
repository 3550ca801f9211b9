// A payment's page: looks what became of the payment until nothing more can come.
(() => {
  "use strict";

  const live = document.getElementById("live");
  const say = document.getElementById("say");
  const trouble = document.getElementById("trouble");
  const { payment, csrf } = live.dataset;
  const begun = performance.now();

  // When the provider is asked: at once for who comes back from their bank, else when its news is
  // slow to come, and then ever less often.
  let ask = new URLSearchParams(location.search).has("payment_intent") ? 0 : 3000;
  let title = live.firstElementChild.dataset.title;

  if (live.dataset.open === "true") look();

  async function look() {
    const passed = performance.now() - begun;
    let open = true;
    try {
      if (passed >= ask && !live.querySelector(".seal.good")) {
        ask = Math.max(6000, passed * 2);
        const body = new URLSearchParams({ csrf });
        await fetch(`${payment}/check`, { method: "POST", body, redirect: "manual" });
      }
      const answer = await fetch(`${payment}/live`, { redirect: "manual" });
      if (answer.type === "opaqueredirect") return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      open = show(await answer.text());
      trouble.hidden = true;
    } catch {
      trouble.hidden = false;
    }
    if (open) setTimeout(look, passed < 10000 ? 700 : passed < 60000 ? 2000 : 5000);
  }

  // Puts the news into the page, and says whether more may come.
  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    const old = live.firstElementChild;
    if (!fresh.isEqualNode(old)) {
      old.replaceWith(fresh);
      if (fresh.dataset.title !== title) {
        title = fresh.dataset.title;
        say.textContent = title;
        document.title = `${title} · Quittance`;
      }
    }
    return fresh.dataset.open === "true";
  }
})();

// The inside of the Payment Element: checks a card while it is typed, and sends it, or a bank account,
// to the sandbox.
(() => {
  "use strict";

  const PARENT = new URLSearchParams(location.search).get("parent") ?? location.origin;
  const API = new URL("../stripe/v1/", location.href);
  const form = document.getElementById("card");
  const number = document.getElementById("number");
  const expiry = document.getElementById("expiry");
  const cvc = document.getElementById("cvc");
  const brandName = document.getElementById("brand");
  const fields = [number, expiry, cvc];

  // First digits, lengths, and how the digits are grouped.
  const BRANDS = [
    { name: "American Express", short: "AMEX", starts: /^3[47]/, lengths: [15], groups: [4, 6, 5], cvc: 4 },
    { name: "Diners Club", short: "DINERS", starts: /^3[0689]/, lengths: [14], groups: [4, 6, 4], cvc: 3 },
    { name: "JCB", short: "JCB", starts: /^35/, lengths: [16], groups: [4, 4, 4, 4], cvc: 3 },
    { name: "Discover", short: "DISC", starts: /^6(011|4[4-9]|5)/, lengths: [16], groups: [4, 4, 4, 4], cvc: 3 },
    { name: "UnionPay", short: "UPAY", starts: /^62/, lengths: [16, 17, 18, 19], groups: [4, 4, 4, 4, 3], cvc: 3 },
    { name: "Mastercard", short: "MC", starts: /^(5[1-5]|2[2-7])/, lengths: [16], groups: [4, 4, 4, 4], cvc: 3 },
    { name: "Visa", short: "VISA", starts: /^4/, lengths: [16], groups: [4, 4, 4, 4], cvc: 3 },
  ];
  const UNKNOWN = { name: "", short: "", lengths: [16], groups: [4, 4, 4, 4, 3], cvc: 3 };

  const digits = (text) => text.replace(/\D/g, "");
  const brandOf = (card) => BRANDS.find((brand) => brand.starts.test(card)) ?? UNKNOWN;

  function luhn(card) {
    let sum = 0;
    for (let i = 0; i < card.length; i++) {
      const digit = Number(card[card.length - 1 - i]) * (i % 2 ? 2 : 1);
      sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 === 0;
  }

  // Each check: what is wrong, or nothing; `done` says that the payer has left the field.
  const checks = {
    number(done) {
      const card = digits(number.value);
      const { lengths } = brandOf(card);
      if (card.length >= Math.max(...lengths) || (done && lengths.includes(card.length))) {
        return luhn(card) ? "" : "Your card number is invalid.";
      }
      return done ? "Your card number is incomplete." : "";
    },
    expiry(done) {
      const typed = digits(expiry.value);
      if (typed.length < 4) return done ? "Your card's expiration date is incomplete." : "";
      const month = Number(typed.slice(0, 2));
      const year = 2000 + Number(typed.slice(2, 4));
      const now = new Date();
      if (month < 1 || month > 12) return "Your card's expiration date is invalid.";
      if (year < now.getFullYear()) return "Your card's expiration year is in the past.";
      if (year === now.getFullYear() && month < now.getMonth() + 1) {
        return "Your card's expiration date is in the past.";
      }
      return year > now.getFullYear() + 50 ? "Your card's expiration year is invalid." : "";
    },
    cvc(done) {
      const wanted = brandOf(digits(number.value)).cvc;
      const typed = digits(cvc.value).length;
      return done && typed !== wanted ? "Your card's security code is incomplete." : "";
    },
  };

  function formatNumber(card) {
    const { groups, lengths } = brandOf(card);
    let rest = card.slice(0, Math.max(...lengths));
    const parts = [];
    for (const size of groups) {
      if (rest) parts.push(rest.slice(0, size));
      rest = rest.slice(size);
    }
    return parts.join(" ");
  }

  function formatExpiry(text) {
    let typed = digits(text).slice(0, 4);
    if (/^[2-9]/.test(typed)) typed = `0${typed}`.slice(0, 4);
    return typed.length > 2 || (typed.length === 2 && !/\/$/.test(text) && text.length > expiry.dataset.before.length)
      ? `${typed.slice(0, 2)} / ${typed.slice(2)}`
      : typed;
  }

  // Writes `text` into a field and leaves the caret behind as many digits as before.
  function rewrite(field, text) {
    if (field.value === text) return;
    const atEnd = field.selectionStart === field.value.length;
    const before = digits(field.value.slice(0, field.selectionStart)).length;
    field.value = text;
    if (atEnd) return;
    let at = 0;
    for (let seen = 0; at < text.length && seen < before; at++) if (/\d/.test(text[at])) seen++;
    field.setSelectionRange(at, at);
  }

  function show(field, message) {
    const hint = document.getElementById(`${field.id}-error`);
    hint.textContent = message;
    hint.hidden = !message;
    field.setAttribute("aria-invalid", String(Boolean(message)));
    grow();
  }

  const complete = () => fields.every((field) => field.value && !checks[field.id](true));

  function typed(field) {
    if (field === number) {
      const card = digits(number.value);
      rewrite(number, formatNumber(card));
      const brand = brandOf(card);
      brandName.textContent = brand.short;
      brandName.title = brand.name;
      cvc.maxLength = brand.cvc;
      cvc.placeholder = "•".repeat(brand.cvc);
    } else if (field === expiry) {
      rewrite(expiry, formatExpiry(expiry.value));
      expiry.dataset.before = expiry.value;
    } else {
      rewrite(cvc, digits(cvc.value).slice(0, cvc.maxLength));
    }
    show(field, checks[field.id](false));
    const empty = fields.every((each) => !each.value);
    tellChange("card", complete(), empty);
    // On to the next field when this one is full and right.
    const full = { number: 0, expiry: 1 }[field.id];
    if (full !== undefined && document.activeElement === field && field.selectionStart === field.value.length &&
        isFull(field) && !checks[field.id](true)) {
      fields[full + 1].focus();
    }
  }

  function isFull(field) {
    if (field === expiry) return digits(expiry.value).length === 4;
    const card = digits(number.value);
    return card.length === Math.max(...brandOf(card).lengths);
  }

  for (const field of fields) {
    field.addEventListener("input", () => typed(field));
    field.addEventListener("focus", () => event("focus", { elementType: "payment" }));
    field.addEventListener("blur", () => {
      if (field.value) show(field, checks[field.id](true));
      event("blur", { elementType: "payment" });
    });
    // Back from an empty field into the one before it, as in one long field.
    field.addEventListener("keydown", (key) => {
      const before = fields[fields.indexOf(field) - 1];
      if (key.key === "Backspace" && !field.value && before) before.focus();
    });
  }
  form.addEventListener("submit", (submitted) => submitted.preventDefault());

  // A test card is typed with one press.
  for (const button of document.querySelectorAll("[data-number]")) {
    button.addEventListener("click", () => {
      number.value = button.dataset.number;
      typed(number);
      expiry.value = `12 / ${String(new Date().getFullYear() + 2).slice(2)}`;
      typed(expiry);
      cvc.value = "123";
      typed(cvc);
      fields.forEach((field) => show(field, ""));
    });
  }

  // Cards and bank accounts ----------------------------------------------------------------------

  const card = {
    form,
    first: number,
    check() {
      fields.forEach((field) => show(field, checks[field.id](true)));
      return fields.find((field) => checks[field.id](true));
    },
    message: (field) => checks[field.id](true),
    data() {
      const [month, year] = expiry.value.split("/").map((part) => digits(part));
      return {
        "payment_method_data[card][number]": digits(number.value),
        "payment_method_data[card][exp_month]": month,
        "payment_method_data[card][exp_year]": year,
        "payment_method_data[card][cvc]": digits(cvc.value),
      };
    },
    blame: (param) => ({ number, cvc, exp_month: expiry, exp_year: expiry })[param],
  };
  const bank = globalThis.bankAccount(show, () => tellChange("us_bank_account", bank.complete(), bank.empty()));
  const kinds = { card, us_bank_account: bank };
  const ways = document.getElementById("ways");
  ways.hidden = new URLSearchParams(location.search).get("bank") !== "yes";
  const chosen = () => ways.querySelector(":checked").value;
  ways.addEventListener("change", () => {
    for (const way of document.querySelectorAll(".way")) way.hidden = way.dataset.kind !== chosen();
    tellChange(chosen(), false, true);
    grow();
  });

  function tellChange(type, complete, empty) {
    event("change", { elementType: "payment", complete, empty, value: { type } });
  }

  // What the page asks ---------------------------------------------------------------------------

  const answers = {
    submit() {
      const kind = kinds[chosen()];
      const wrong = kind.check();
      if (!wrong) return { selectedPaymentMethod: chosen() };
      wrong.focus();
      const message = kind.message(wrong);
      return { error: { type: "validation_error", code: `incomplete_${wrong.id}`, message } };
    },

    async confirm(what) {
      lock(true);
      const answer = await globalThis.confirmIntent(API, what, {
        "payment_method_data[type]": chosen(),
        ...kinds[chosen()].data(),
      });
      lock(false);
      if (answer.error) blame(answer.error);
      return answer;
    },
  };

  // Shows an error at the field that it is about.
  function blame({ param, message }) {
    const field = kinds[chosen()].blame((param ?? "").replace(/.*\[(\w+)\]$/, "$1"));
    if (field) show(field, message);
  }

  function lock(locked) {
    ways.disabled = locked;
    for (const { form: each } of Object.values(kinds)) {
      each.inert = locked;
      each.classList.toggle("locked", locked);
    }
  }

  // The page's colours, in the words of the real script's appearance.
  function dress({ variables = {} }) {
    const names = {
      colorPrimary: "--accent", colorBackground: "--card", colorText: "--ink",
      colorTextSecondary: "--soft", colorDanger: "--bad", borderRadius: "--round",
    };
    for (const [name, token] of Object.entries(names)) {
      if (typeof variables[name] === "string") {
        document.documentElement.style.setProperty(token, variables[name]);
      }
    }
    grow();
  }

  function event(name, value) {
    parent.postMessage({ event: name, value }, PARENT);
  }

  function grow() {
    event("height", { height: Math.ceil(document.querySelector("main").getBoundingClientRect().height) + 2 });
  }

  addEventListener("message", async ({ source, origin, data }) => {
    if (source !== parent || origin !== PARENT || !data) return;
    if (data.what === "appearance") dress(data.value);
    if (data.what === "focus") kinds[chosen()].first.focus();
    if (data.what === "blur") document.activeElement?.blur();
    if (data.what === "clear") Object.values(kinds).forEach((kind) => kind.form.reset());
    if (Object.hasOwn(answers, data.what)) {
      const value = await answers[data.what](data.value ?? {});
      parent.postMessage({ answers: data.id, value }, PARENT);
    }
  });
  new ResizeObserver(grow).observe(document.querySelector("main"));
  expiry.dataset.before = "";
  event("hello", {});
  event("ready", { elementType: "payment" });
})();

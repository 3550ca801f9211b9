// The bank account in the Payment Element: whose it is, and its two numbers.
globalThis.bankAccount = (show, changed) => {
  "use strict";

  const form = document.getElementById("bank");
  const fields = ["holder", "email", "routing", "account"].map((id) => document.getElementById(id));
  const [holder, email, routing, account] = fields;
  const digits = (text) => text.replace(/\D/g, "");

  // The check digit of a routing number: weights 3, 7 and 1 (ABA).
  function isRouting(number) {
    const sum = [...number].reduce((total, digit, at) => total + Number(digit) * [3, 7, 1][at % 3], 0);
    return number.length === 9 && sum % 10 === 0;
  }

  const checks = {
    holder: () => (holder.value.trim() ? "" : "Your name is incomplete."),
    email: () => (/^[^\s@]+@[^\s@]+$/.test(email.value.trim()) ? "" : "Your email is incomplete."),
    routing() {
      if (routing.value.length < 9) return "Your routing number is incomplete.";
      return isRouting(routing.value) ? "" : "Your routing number is invalid.";
    },
    account: () => (account.value.length < 4 ? "Your account number is incomplete." : ""),
  };
  const wrong = () => fields.find((field) => checks[field.id]());

  for (const field of fields) {
    field.addEventListener("input", () => {
      if (field === routing || field === account) field.value = digits(field.value);
      show(field, "");
      changed();
    });
    field.addEventListener("blur", () => field.value && show(field, checks[field.id]()));
  }
  form.addEventListener("submit", (submitted) => submitted.preventDefault());

  // A test account is typed with one press.
  for (const button of document.querySelectorAll("[data-account]")) {
    button.addEventListener("click", () => {
      holder.value ||= "Pat Payer";
      email.value ||= "pat@example.com";
      routing.value = "110000000";
      account.value = button.dataset.account;
      fields.forEach((field) => show(field, ""));
      changed();
    });
  }

  return {
    form,
    first: holder,
    empty: () => fields.every((field) => !field.value),
    complete: () => !wrong(),
    check() {
      fields.forEach((field) => show(field, checks[field.id]()));
      return wrong();
    },
    message: (field) => checks[field.id](),
    data: () => ({
      "payment_method_data[billing_details][name]": holder.value.trim(),
      "payment_method_data[billing_details][email]": email.value.trim(),
      "payment_method_data[us_bank_account][account_holder_type]": "individual",
      "payment_method_data[us_bank_account][account_type]": "checking",
      "payment_method_data[us_bank_account][routing_number]": routing.value,
      "payment_method_data[us_bank_account][account_number]": account.value,
    }),
    blame: (param) => ({ account_number: account, routing_number: routing })[param],
  };
};

// Tells the page that opened this window what its payer has decided. That page closes the window,
// or sends it back here if the payer has to choose again.
(() => {
  const result = document.getElementById("result");
  if (!result || !window.opener || !result.dataset.origin) return;
  window.opener.postMessage(
    {
      from: "quittance-sandbox-paypal",
      result: result.dataset.result,
      orderID: result.dataset.order,
      payerID: result.dataset.payer,
    },
    result.dataset.origin,
  );
})();

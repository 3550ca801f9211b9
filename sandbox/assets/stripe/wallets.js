// The Express Checkout Element: a button for each wallet, and the wallet's sheet over the page.

class ExpressElement extends FramedElement {
  constructor(group, kind, options) {
    super(group, kind);
    this.options = options;
  }

  make() {
    const frame = new Frame("elements/express", "Secure express checkout frame");
    frame.node.style.height = `${this.options.buttonHeight ?? 44}px`;
    const { paymentMethods, buttonHeight } = this.options;
    frame.on("hello", () => frame.tell("options", { paymentMethods, buttonHeight }));
    frame.on("press", ({ wallet }) => this.press(wallet));
    return frame;
  }

  // The page may refuse, or look at what is pressed before the sheet opens.
  press(wallet) {
    if (this.group.sheet) return;
    const elementType = this.kind;
    let answered = false;
    const once = (then) => (more = {}) => {
      if (answered) return;
      answered = true;
      then(more);
    };
    const open = once(({ lineItems = this.options.lineItems ?? [] }) => this.open(wallet, lineItems));
    const heard = this.frame.emit("click", {
      elementType, expressPaymentType: wallet, resolve: open, reject: once(() => {}),
    });
    if (heard === 0) open();
  }

  open(wallet, lineItems) {
    const { amount, currency } = this.group.options;
    const query = new URLSearchParams({ wallet, amount, currency, item: lineItems[0]?.name ?? "" });
    const sheet = new Overlay(`elements/wallet?${query}`, "Wallet", "The wallet's sheet");
    const { frame } = sheet;
    const close = () => {
      if (this.group.sheet !== shown) return;
      sheet.close();
      this.group.sheet = null;
    };
    const shown = { wallet, frame, close };
    this.group.sheet = shown;
    const elementType = this.kind;
    frame.on("cancel", () => {
      close();
      this.frame.emit("cancel", { elementType });
    });
    frame.on("pay", () => this.frame.emit("confirm", {
      elementType, expressPaymentType: wallet, billingDetails: { name: "Pat Payer" }, paymentFailed: close,
    }));
  }
}

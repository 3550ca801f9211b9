// Elements: each in a frame of its own, and the group that they belong to.

class FramedElement {
  constructor(group, kind) {
    this.group = group;
    this.kind = kind;
    this.frame = null;
    this.waiting = [];
  }

  mount(place) {
    const parent = typeof place === "string" ? document.querySelector(place) : place;
    if (!parent) {
      throw new IntegrationError(`The selector you specified (${place}) applies to no DOM elements.`);
    }
    if (this.frame) throw new IntegrationError("This Element has already been mounted.");
    this.frame = this.make();
    this.waiting.forEach(([event, listener]) => this.on(event, listener));
    this.frame.on("height", ({ height }) => { this.frame.node.style.height = `${height}px`; });
    this.frame.on("hello", () => this.frame.tell("appearance", this.group.options.appearance ?? {}));
    parent.append(this.frame.node);
    return this;
  }

  on(event, listener) {
    if (this.frame) this.frame.on(event, listener);
    else this.waiting.push([event, listener]);
    return this;
  }

  once(event, listener) {
    const first = (value) => { this.off(event, first); listener(value); };
    return this.on(event, first);
  }

  off(event, listener) {
    this.frame?.off(event, listener);
    return this;
  }

  update() { return this; }
  focus() { this.frame?.tell("focus"); }
  blur() { this.frame?.tell("blur"); }
  clear() { this.frame?.tell("clear"); }

  unmount() {
    this.frame?.remove();
    this.frame = null;
  }

  destroy() {
    this.unmount();
    this.group.made.delete(this.kind);
  }
}

class PaymentElement extends FramedElement {
  make() {
    // Bank debits are in dollars.
    const { currency = "usd" } = this.group.options;
    const path = currency === "usd" ? "elements/payment?bank=yes" : "elements/payment";
    const frame = new Frame(path, "Secure payment input frame");
    frame.node.style.height = "14rem";
    return frame;
  }

  collapse() { return this; }
}

class Elements {
  constructor(options) {
    if (!options.clientSecret && !options.mode) {
      throw new IntegrationError("In order to create a payment element, you must pass a clientSecret or a mode.");
    }
    this.options = { ...options };
    this.made = new Map();
    // The wallet's sheet that is open, if one is.
    this.sheet = null;
    this.submitted = false;
  }

  create(kind, options = {}) {
    const kinds = { payment: PaymentElement, expressCheckout: ExpressElement };
    if (!Object.hasOwn(kinds, kind)) {
      throw new IntegrationError(`The sandbox has no ${kind} Element, only ${Object.keys(kinds).join(" and ")}.`);
    }
    if (this.made.has(kind)) {
      throw new IntegrationError(`Can only create one Element of type ${kind} through this Elements.`);
    }
    this.made.set(kind, new kinds[kind](this, kind, options));
    return this.made.get(kind);
  }

  getElement(kind) { return this.made.get(kind) ?? null; }

  update(options) {
    Object.assign(this.options, options);
    if (!options.appearance) return;
    this.made.forEach((element) => element.frame?.tell("appearance", options.appearance));
  }

  async fetchUpdates() { return {}; }

  // A wallet whose payer has agreed has nothing left to be checked.
  async submit() {
    if (this.sheet) {
      this.submitted = true;
      return { selectedPaymentMethod: this.sheet.wallet };
    }
    const frame = this.made.get("payment")?.frame;
    if (!frame) throw new IntegrationError("elements.submit() must be called with a mounted Element.");
    const answer = await frame.ask("submit");
    this.submitted = !answer.error;
    return answer;
  }

  // Sends what the payer gave, from the frame that has it.
  async confirm(what) {
    const { sheet } = this;
    const frame = sheet ? sheet.frame : this.made.get("payment").frame;
    const answer = await frame.ask("confirm", what);
    sheet?.close();
    return answer;
  }
}

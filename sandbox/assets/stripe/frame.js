// Frames of the sandbox's, and the window over the page that some of them are shown in.

const SANDBOX = new URL("./", document.currentScript.src);
const API = new URL("stripe/v1/", SANDBOX);

// Errors in how the script is used, as the real one throws them.
class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}

// A frame that answers questions.
class Frame {
  constructor(path, title) {
    this.node = document.createElement("iframe");
    const url = new URL(path, SANDBOX);
    url.searchParams.set("parent", location.origin);
    this.node.src = url.href;
    this.node.title = title;
    Object.assign(this.node.style, { width: "100%", border: "0", display: "block" });
    this.asked = new Map();
    this.count = 0;
    this.listeners = new Map();
    this.hear = (event) => this.take(event);
    addEventListener("message", this.hear);
  }

  take({ source, origin, data }) {
    if (source !== this.node.contentWindow || origin !== SANDBOX.origin || !data) return;
    if (data.answers !== undefined) {
      this.asked.get(data.answers)?.(data.value);
      this.asked.delete(data.answers);
    } else {
      this.emit(data.event, data.value);
    }
  }

  // Says to how many.
  emit(event, value = {}) {
    const listeners = this.listeners.get(event) ?? [];
    listeners.forEach((listener) => listener(value));
    return listeners.length;
  }

  on(event, listener) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  off(event, listener) {
    const rest = (this.listeners.get(event) ?? []).filter((each) => listener && each !== listener);
    this.listeners.set(event, rest);
  }

  tell(what, value) {
    this.node.contentWindow?.postMessage({ what, value }, SANDBOX.origin);
  }

  ask(what, value) {
    const id = ++this.count;
    return new Promise((resolve) => {
      this.asked.set(id, resolve);
      this.node.contentWindow.postMessage({ what, value, id }, SANDBOX.origin);
    });
  }

  remove() {
    removeEventListener("message", this.hear);
    this.node.remove();
  }
}

// A frame in a window over the page.
class Overlay {
  constructor(path, label, title) {
    this.window = document.createElement("dialog");
    this.window.setAttribute("aria-label", label);
    Object.assign(this.window.style, {
      width: "100%", maxWidth: "none", height: "100%", maxHeight: "none", padding: "16px",
      border: "0", background: "rgb(10 12 24 / 55%)", boxSizing: "border-box",
    });
    this.frame = new Frame(path, title);
    const { node } = this.frame;
    Object.assign(node.style, {
      maxWidth: "25rem", height: "24rem", maxHeight: "100%", margin: "max(0px, calc(50vh - 14rem)) auto 0",
      borderRadius: "14px", background: "Canvas", colorScheme: "light dark",
    });
    this.frame.on("height", ({ height }) => { node.style.height = `${height}px`; });
    // Escape is an answer too; the page in the window gives it, so that who asks knows.
    this.window.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.frame.tell("give-up");
    });
    this.window.append(node);
    document.body.append(this.window);
    this.window.showModal();
  }

  close() {
    this.frame.remove();
    this.window.remove();
  }
}

// The bank's page, until it is answered.
function challenge(url) {
  // By the name that the page knows the sandbox by.
  const { pathname, search } = new URL(url);
  const page = new Overlay(pathname + search, "3-D Secure", "3-D Secure: your bank asks for confirmation");
  return new Promise((resolve) => {
    page.frame.on("answered", () => {
      page.close();
      resolve();
    });
  });
}

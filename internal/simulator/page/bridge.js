// What the client gives to a page in its built-in browser: WeixinJSBridge, as the JS-SDK
// looks for it. Signatures are checked by the simulator, as the platform would.
(() => {
  // A phone lays no scrollbar beside the page.
  const look = new CSSStyleSheet();
  look.replaceSync("html { scrollbar-width: none; }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, look];

  const listeners = {};
  const done = (name, cb, result, more = {}) => cb && cb({ err_msg: `${name}:${result}`, ...more });

  async function verify(name, params) {
    const body = {
      name,
      nonceStr: params.verifyNonceStr || params.nonceStr || "",
      timestamp: String(params.verifyTimestamp || params.timestamp || ""),
      signature: params.verifySignature || params.signature || "",
      url: location.pathname + location.search,
    };
    const res = await fetch("/__wecom/verify", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    return res.ok && (await res.json()).ok;
  }

  /** ask puts a question over the page: what the camera would have read. */
  function ask(label, answer) {
    const dialog = document.createElement("dialog");
    const form = document.createElement("form");
    const input = document.createElement("input");
    const button = document.createElement("button");
    form.method = "dialog";
    input.setAttribute("aria-label", label);
    input.placeholder = label;
    button.textContent = "完成";
    form.append(input, button);
    dialog.append(form);
    document.body.append(dialog);
    dialog.addEventListener("close", () => { dialog.remove(); answer(input.value); });
    dialog.showModal();
  }

  const calls = {
    preVerifyJSAPI: async (p, cb) => done("preVerifyJSAPI", cb, (await verify("preVerifyJSAPI", p)) ? "ok" : "fail invalid signature"),
    agentConfig: async (p, cb) => done("agentConfig", cb, (await verify("agentConfig", p)) ? "ok" : "fail invalid signature"),
    closeWindow: (p, cb) => { parent.postMessage("wecom:closeWindow", "*"); done("closeWindow", cb, "ok"); },
    scanQRCode: (p, cb) => ask("二维码里的内容", (text) => done("scanQRCode", cb, text ? "ok" : "cancel", { resultStr: text })),
    geoLocation: (p, cb) => done("geoLocation", cb, "ok", { latitude: "30.5123", longitude: "114.4131", accuracy: "30" }),
    imagePreview: (p, cb) => { if (p && p.current) location.href = p.current; done("imagePreview", cb, "ok"); },
    thirdPartyOpenPage: async (p, cb) => {
      const res = await fetch("/__wecom/approval", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(p) });
      done("thirdPartyOpenPage", cb, res.ok ? "ok" : `fail ${(await res.json()).message}`);
    },
    checkJsApi: (p, cb) => done("checkJsApi", cb, "ok", { checkResult: {} }),
  };

  window.WeixinJSBridge = {
    invoke(name, params, cb) {
      if (calls[name]) calls[name](params || {}, cb);
      else done(name, cb, "ok");
    },
    on(name, cb) { listeners[name] = cb; },
  };
  document.addEventListener("DOMContentLoaded", () => document.dispatchEvent(new Event("WeixinJSBridgeReady")));
})();

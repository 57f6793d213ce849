// One phone: who holds it, its chat, calendar, workbench and browser.
import { content, el } from "./card.js";
import { china, post, toast, world } from "./world.js";

const icons = {
  chat: "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v8a1.5 1.5 0 0 1-1.5 1.5H12l-4 3.5V16H5.5A1.5 1.5 0 0 1 4 14.5z",
  days: "M5 6.5h14v13H5zM5 10.5h14M9 4v4M15 4v4",
  bench: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z",
  keys: "M3.5 6.5h17v11h-17zM7 10h.01M11 10h.01M15 10h.01M8 14h8",
  list: "M5 7h14M5 12h14M5 17h14",
  plus: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8.5v7M8.5 12h7",
};

function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(ns, "path");
  path.setAttribute("d", icons[name]);
  svg.append(path);
  return svg;
}

export class Phone {
  constructor(root, index) {
    this.index = index;
    this.tab = "chat";
    this.unread = 0;
    this.typing = true;
    this.lines = new Map();
    this.choices = new Map(); // msgid to what was chosen on the card, for the card as it looks afterwards
    this.build(root);
  }

  get user() { return world.users.find((u) => u.userid === this.holder); }

  build(root) {
    this.face = el("span", { class: "avatar" });
    this.picker = el("select", { "aria-label": "谁拿着这部手机", onchange: () => this.hand(this.picker.value) });
    this.clock = el("span");
    this.title = el("div", { class: "nav" });
    this.views = el("div", { class: "views" });
    this.talk = el("div", { class: "talk", tabindex: "0", "aria-label": "聊天记录" });
    this.dock = el("div", { class: "dock" });
    this.chatView = el("div", { class: "view" }, this.talk, this.dock);
    this.daysView = el("div", { class: "view bench-view" });
    this.benchView = el("div", { class: "view bench-view" });
    this.views.append(this.chatView, this.daysView, this.benchView);
    this.tabs = el("div", { class: "tabs", role: "tablist" }, ...[["chat", "消息"], ["days", "日程"], ["bench", "工作台"]].map(([name, label]) =>
      el("button", { type: "button", role: "tab", "data-tab": name, onclick: () => this.show(name, true) }, icon(name), label)));
    this.glass = el("div", { class: "glass" },
      el("div", { class: "status", "aria-hidden": "true" }, this.clock, el("span", { class: "signs" }, ...signs())),
      this.title, this.views, this.tabs);
    root.append(el("div", { class: "holder" }, this.face, this.picker), this.glass);
    this.glass.addEventListener("click", () => this.closePop());
  }

  /** hold draws the phone in the hands of a person. */
  hold(userid) {
    this.holder = userid;
    this.closeWeb();
    this.unread = 0;
    this.drawPeople();
    this.drawDock();
    this.drawChat();
    this.drawDays();
    this.drawBench();
    this.show(this.tab);
  }

  async hand(userid) {
    await post("/sim/phone", { phone: this.index, user: userid });
    if (!world.messages.some((m) => m.user === userid)) post("/sim/enter", { user: userid });
  }

  drawPeople() {
    const group = (kind, label) => el("optgroup", { label }, ...world.users.filter((u) => (u.kind === "student") === (kind === "student")).map((u) =>
      el("option", { value: u.userid, selected: u.userid === this.holder }, `${u.name} · ${u.department}${u.in_range && u.status === 1 ? "" : "（看不到应用）"}`)));
    this.picker.replaceChildren(group("student", "学生"), group("teacher", "教师"));
    this.picker.value = this.holder;
    const u = this.user;
    this.face.textContent = u ? u.name.slice(-2) : "？";
    this.face.className = `avatar c${u ? [...u.userid].reduce((n, c) => n + c.charCodeAt(0), 0) % 6 : 0}`;
  }

  show(tab, byHand) {
    const entered = byHand && tab === "chat" && this.tab !== "chat";
    this.tab = tab;
    this.chatView.hidden = tab !== "chat";
    this.daysView.hidden = tab !== "days";
    this.benchView.hidden = tab !== "bench";
    this.title.replaceChildren(tab === "chat" ? world.app.name : tab === "days" ? "日程" : "工作台", tab === "chat" && el("small", {}, "应用") || "");
    if (tab === "chat") {
      this.unread = 0;
      this.talk.scrollTop = this.talk.scrollHeight;
    }
    for (const b of this.tabs.children) {
      b.setAttribute("aria-selected", String(b.dataset.tab === tab));
      const old = b.querySelector(".badge");
      if (old) old.remove();
      if (b.dataset.tab === "chat" && this.unread) b.append(el("span", { class: "badge" }, String(this.unread)));
    }
    if (entered && this.user) post("/sim/enter", { user: this.holder });
  }

  tick(now) { this.clock.textContent = china(now).time; }

  // chat

  drawChat() {
    this.lines.clear();
    this.talk.replaceChildren();
    this.lastAt = 0;
    const mine = world.messages.filter((m) => m.user === this.holder).sort((a, b) => a.first - b.first);
    for (const m of mine) this.line(m);
    if (mine.length === 0) this.talk.append(el("p", { class: "talk-empty" }, "还没有消息。在下面写一句想办的事，或点菜单。"));
    this.talk.scrollTop = this.talk.scrollHeight;
  }

  /** take draws a new or changed message of the holder. */
  take(m) {
    if (m.user !== this.holder) return;
    const empty = this.talk.querySelector(".talk-empty");
    if (empty) empty.remove();
    const near = this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 120;
    const fresh = !this.lines.has(m.msgid);
    this.line(m, true);
    if (near || m.from === "user") this.talk.scrollTop = this.talk.scrollHeight;
    if (fresh && m.shown && m.from === "app" && (this.tab !== "chat" || this.web)) {
      this.unread += 1;
      if (this.tab !== "chat") this.show(this.tab);
    }
  }

  line(m, fresh) {
    const old = this.lines.get(m.msgid);
    const node = this.drawLine(m);
    if (old) {
      old.replaceWith(node);
    } else {
      const at = Date.parse(m.sent_at);
      if (m.shown && at - this.lastAt > 5 * 60e3) {
        const t = china(at);
        this.talk.append(el("p", { class: "when" }, `${t.day} 周${t.week} ${t.time}`));
        this.lastAt = at;
      }
      if (fresh) node.classList.add("fresh");
      this.talk.append(node);
    }
    this.lines.set(m.msgid, node);
  }

  drawLine(m) {
    if (!m.shown) {
      const recalled = m.note === "已撤回";
      return el("p", { class: "whisper", hidden: !recalled }, recalled ? `${world.app.name} 撤回了一条消息` : "");
    }
    const own = m.from === "user";
    const face = own ? el("span", { class: this.face.className }, this.face.textContent) : el("span", { class: "avatar app" }, world.app.name.slice(0, 1));
    return el("div", { class: `line${own ? " own" : ""}` }, face, content(m, {
      open: (url) => this.open(url),
      press: (key, selected = {}) => this.press(m, key, selected),
      choose: (items, at) => this.pop(items, at),
      chosen: this.choices.get(this.holder + m.msgid),
      nameOf: (id) => (world.users.find((u) => u.userid.toLowerCase() === id.toLowerCase()) || {}).name,
    }));
  }

  async press(m, key, selected) {
    this.choices.set(this.holder + m.msgid, selected);
    const r = await post("/sim/press", { user: this.holder, msgid: m.msgid, key, selected });
    if (r && r.open) this.open(r.open);
  }

  // the bar below the chat: menu or keyboard

  drawDock() {
    const menu = world.menu;
    if (menu.length === 0) this.typing = true;
    this.dock.replaceChildren(this.typing || menu.length === 0 ? this.compose(menu.length > 0) : this.menu(menu));
  }

  swap(label, name) {
    return el("button", { class: "swap", type: "button", "aria-label": label, onclick: () => { this.typing = !this.typing; this.drawDock(); } }, icon(name));
  }

  menu(buttons) {
    return el("div", { class: "menu" }, this.swap("打字", "keys"), ...buttons.map((b) => el("button", {
      type: "button", class: b.sub_button ? "has-sub" : "", onclick: (e) => {
        if (!b.sub_button) return this.choose(b);
        e.stopPropagation();
        return this.pop(b.sub_button.map((s) => [s.name, () => this.choose(s)]), e.currentTarget, true);
      },
    }, b.name)));
  }

  async choose(b) {
    const r = await post("/sim/menu", { user: this.holder, key: b.key || b.url || b.name });
    if (r && r.open) this.open(r.open);
  }

  compose(hasMenu) {
    const input = el("input", { type: "text", placeholder: "想办什么，直接写", "aria-label": "写消息", maxlength: "600", enterkeyhint: "send", autocomplete: "off" });
    const send = el("button", { class: "send", disabled: true }, "发送");
    const file = el("input", { type: "file", accept: "image/png,image/jpeg", hidden: true, onchange: () => this.sendPicture(file) });
    input.addEventListener("input", () => { send.disabled = input.value.trim() === ""; });
    return el("form", { class: "compose", onsubmit: async (e) => {
      e.preventDefault();
      const text = input.value;
      if (text.trim() === "") return;
      input.value = "";
      send.disabled = true;
      if (!await post("/sim/text", { user: this.holder, text })) input.value = text;
    } }, hasMenu && this.swap("菜单", "list"), input, file,
    el("button", { class: "swap", type: "button", "aria-label": "发图片", onclick: () => file.click() }, icon("plus")), send);
  }

  async sendPicture(file) {
    const form = new FormData();
    form.append("user", this.holder);
    form.append("media", file.files[0]);
    file.value = "";
    const res = await fetch("/sim/image", { method: "POST", body: form });
    if (!res.ok) toast((await res.json()).message);
  }

  pop(items, at, above) {
    this.closePop();
    const box = at.getBoundingClientRect();
    const glass = this.glass.getBoundingClientRect();
    const pop = el("div", { class: "pop", role: "menu" }, ...items.map(([label, act]) => el("button", { type: "button", role: "menuitem", onclick: () => { this.closePop(); act(); } }, label)));
    this.glass.append(pop);
    const left = Math.min(Math.max(box.left - glass.left + box.width / 2 - pop.offsetWidth / 2 - 7, 8), glass.width - pop.offsetWidth - 22);
    pop.style.left = `${left}px`;
    if (above) pop.style.bottom = `${glass.bottom - box.top}px`;
    else { pop.style.bottom = "auto"; pop.style.top = `${box.bottom - glass.top}px`; }
    const first = pop.querySelector("button");
    if (first) first.focus({ preventScroll: true });
  }

  closePop() { for (const p of this.glass.querySelectorAll(".pop")) p.remove(); }

  // calendar

  drawDays() {
    const mine = world.schedules.filter((s) => s.attendees.some((a) => a.userid.toLowerCase() === (this.holder || "").toLowerCase()))
      .sort((a, b) => a.start_time - b.start_time);
    if (mine.length === 0) {
      this.daysView.replaceChildren(el("p", { class: "talk-empty" }, "没有日程。应用发来的邀请会出现在这里。"));
      return;
    }
    this.daysView.replaceChildren(...mine.map((s) => this.appointment(s)));
  }

  appointment(s) {
    const t = china(s.start_time * 1000);
    const mine = s.attendees.find((a) => a.userid.toLowerCase() === this.holder.toLowerCase());
    const answer = (status, label) => el("button", { type: "button", onclick: () => post("/sim/respond", { user: this.holder, schedule_id: s.schedule_id, status }) }, label);
    const said = { 1: "待定", 2: "已接受", 3: "已接受", 4: "已拒绝" }[mine.response_status];
    return el("div", { class: `appointment${s.status === 1 ? " off" : ""}` },
      el("time", {}, t.time, el("small", {}, t.day)),
      el("div", {}, el("b", {}, s.summary), el("div", { class: "desc" }, s.location || ""),
        s.status === 1 ? el("span", { class: "desc" }, "已取消") : said ? el("span", { class: "desc" }, said) : el("div", { class: "answer" }, answer(2, "接受"), answer(4, "拒绝"))));
  }

  // workbench

  drawBench() {
    const u = this.user;
    if (!u || !u.in_range || u.status !== 1) {
      this.benchView.replaceChildren(el("p", { class: "talk-empty" }, "这个人看不到应用：不在可见范围里，或者已停用。"));
      return;
    }
    const home = () => (world.app.home ? this.open(world.app.home) : this.show("chat", true));
    const quiet = [["邮", "邮件"], ["文", "文档"], ["会", "会议"], ["盘", "微盘"], ["打", "打卡"], ["汇", "汇报"], ["公", "公告"]];
    const tile = (glyph, name, act) => el("button", { type: "button", class: `tile${act ? "" : " quiet"}`, disabled: !act, onclick: act }, el("i", {}, glyph), name);
    this.benchView.replaceChildren(
      el("div", { class: "panel" }, el("h3", {}, "学校应用"), el("div", { class: "tiles" }, tile(world.app.name.slice(0, 1), world.app.name, home))),
      ...this.display(home),
      el("div", { class: "panel" }, el("h3", {}, "基础应用（这里不模拟）"), el("div", { class: "tiles" }, ...quiet.map(([g, n]) => tile(g, n)))));
  }

  /** display is the custom display the app may give its tile. */
  display(home) {
    const w = world.workbench[(this.holder || "").toLowerCase()] || world.workbench[""] || { type: "normal" };
    const go = (item) => () => (item.jump_url ? this.open(item.jump_url) : home());
    const panel = (...inner) => [el("div", { class: "panel" }, el("h3", {}, world.app.name), ...inner)];
    switch (w.type) {
      case "keydata": return panel(el("div", { class: "keydata" }, ...w.object.items.map((i) => el("button", { type: "button", onclick: go(i) }, el("strong", {}, i.data), el("span", {}, i.key || "")))));
      case "list": return panel(...w.object.items.map((i) => el("button", { class: "jump", type: "button", onclick: go(i) }, i.title)));
      case "image": return panel(el("button", { class: "tile", type: "button", onclick: go(w.object) }, el("img", { class: "cover", src: w.object.url, alt: "" })));
      case "webview": return panel(el("iframe", { class: "cover", src: this.local(w.object.url) || "about:blank", title: world.app.name }));
      default: return [];
    }
  }

  // the built-in browser

  /** local turns an address of the app to this phone's own origin, "" for any other. */
  local(url) {
    const origin = world.origins[this.index];
    let u;
    try { u = new URL(url, world.app.origin || undefined); } catch { return ""; }
    if (!origin || (u.origin !== world.app.origin && u.pathname !== "/connect/oauth2/authorize")) return "";
    return origin + u.pathname + u.search + u.hash;
  }

  open(url) {
    const src = this.local(url);
    this.closeWeb();
    const frame = src ? el("iframe", { src, title: "应用的网页", allow: "" })
      : el("p", {}, world.origins.length ? "这是应用以外的网址，真实的手机会在这里打开它：" : "手机的浏览器没有启动，这个网址没法在这里打开：", el("br"), url);
    this.web = el("div", { class: "web fresh" },
      el("div", { class: "nav" }, el("button", { class: "left", type: "button", "aria-label": "关闭网页", onclick: () => this.closeWeb() }, "×"),
        world.app.name, src && el("button", { class: "right", type: "button", "aria-label": "刷新", onclick: () => { frame.src = src; } }, "↻")), frame);
    this.glass.append(this.web);
  }

  closeWeb() {
    if (this.web) this.web.remove();
    this.web = null;
  }
}

function signs() {
  const ns = "http://www.w3.org/2000/svg";
  return [["0 0 18 12", "M0 8h3v4H0zM5 6h3v6H5zM10 3h3v9h-3zM15 0h3v12h-3z"], ["0 0 26 12", "M2 0h19a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H2a2 2 0 0 1-2-2V2a2 2 0 0 1 2-2zm0 1.2a.8.8 0 0 0-.8.8v8c0 .4.4.8.8.8h19c.4 0 .8-.4.8-.8V2a.8.8 0 0 0-.8-.8zM2.4 2.4h15v7.2h-15zM24 4h2v4h-2z"]].map(([box, d]) => {
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", box);
    const path = document.createElementNS(ns, "path");
    path.setAttribute("d", d);
    path.setAttribute("fill-rule", "evenodd");
    svg.append(path);
    return svg;
  });
}

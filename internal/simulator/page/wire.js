// The middle: what went over the wire, the time, what goes wrong.
import { el } from "./card.js";
import { china, post, world } from "./world.js";

const kinds = { callback: "回调", send: "发送", update: "更新", api: "接口" };
const $ = (id) => document.getElementById(id);

export class Wire {
  constructor() {
    this.rows = new Map();
    this.open = new Set();
    $("show-api").addEventListener("change", () => this.draw());
  }

  draw() {
    this.rows.clear();
    $("wire-list").replaceChildren();
    for (const e of world.log) this.take(e);
    this.hint();
  }

  hint() {
    $("wire-empty").hidden = this.rows.size > 0;
    $("wire-list").hidden = this.rows.size === 0;
  }

  take(e) {
    if (e.kind === "api" && e.ok && !$("show-api").checked) return;
    const node = this.entry(e);
    const old = this.rows.get(e.id);
    if (old) old.replaceWith(node);
    else $("wire-list").prepend(node);
    this.rows.set(e.id, node);
    this.hint();
  }

  entry(e) {
    const t = china(Date.parse(e.at));
    const open = this.open.has(e.id);
    const head = el("button", { type: "button", "aria-expanded": String(open), onclick: () => {
      if (!this.open.delete(e.id)) this.open.add(e.id);
      this.take(world.log.find((x) => x.id === e.id) || e);
    } },
    el("time", {}, `${t.time}:${t.seconds}`), el("span", { class: `tag ${e.kind}` }, kinds[e.kind] || e.kind),
    el("span", { class: "who" }, names(e.user)), el("span", { class: "what" }, e.title), el("span", { class: "end" }, ending(e)));
    return el("li", { class: `entry${!e.done ? " wait" : e.ok ? "" : " bad"}` }, head, open && detail(e));
  }
}

function names(users) {
  const ids = (users || "").split("|").filter(Boolean);
  const name = (id) => (id === "@all" ? "所有人" : (world.users.find((u) => u.userid.toLowerCase() === id.toLowerCase()) || { name: id }).name);
  if (ids.length > 1) return `${name(ids[0])} 等 ${ids.length} 人`;
  return ids.map(name).join("");
}

function ending(e) {
  if (!e.done) return "◷ 途中";
  if (e.kind !== "callback") return e.ok ? "✓" : e.code ? `! ${e.code}` : "! 没有回答";
  const n = (e.attempts || []).length;
  const last = n ? e.attempts[n - 1] : null;
  if (!last) return e.ok ? "✓" : "! 没送出";
  const times = n > 1 ? `${n} 次 ` : "";
  return e.ok ? `✓ ${times}${last.took_ms} 毫秒` : `! ${times}${last.status || "没接通"}`;
}

function detail(e) {
  const box = el("div", { class: "detail" });
  if (e.note) box.append(el("p", { class: "note" }, e.note));
  if (e.path) box.append(el("h3", {}, e.kind === "callback" ? `解密后的回调 · ${e.path}` : `POST /cgi-bin/${e.path}`));
  if (e.plain) box.append(el("pre", {}, e.plain.startsWith("<") ? xml(e.plain) : json(e.plain)));
  if (e.attempts && e.attempts.length) {
    box.append(el("h3", {}, "送达"), el("table", {}, ...e.attempts.map((a, i) => el("tr", {}, el("td", {}, `第 ${i + 1} 次`),
      el("td", {}, a.status ? `HTTP ${a.status}` : a.err || ""), el("td", {}, `${a.took_ms} 毫秒`), el("td", {}, a.fault || "")))));
  }
  if (e.answer) box.append(el("h3", {}, e.kind === "callback" ? "解密后的被动回复" : "平台的回答"), el("pre", {}, e.answer.startsWith("<") ? xml(e.answer) : json(e.answer)));
  return box;
}

function json(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

/** xml puts each element of a callback on a line of its own, indented. */
function xml(text) {
  let depth = 0;
  return text.replace(/(<\/?[\w]+>)(?=<[/\w])/g, "$1\n").split("\n").map((line) => {
    if (/^<\//.test(line)) depth -= 1;
    const out = "  ".repeat(Math.max(depth, 0)) + line;
    if (/^<\w+>$/.test(line)) depth += 1;
    return out;
  }).join("\n");
}

// the clock

export class Clock {
  constructor(tick) {
    this.tick = tick;
    for (const b of document.querySelectorAll("[data-advance]")) b.addEventListener("click", () => this.advance(b));
    setInterval(() => this.draw(), 1000);
  }

  set(view) {
    this.offset = view.unix_ms - Date.now();
    this.draw();
  }

  get now() { return Date.now() + (this.offset || 0); }

  draw() {
    const t = china(this.now);
    $("clock-date").textContent = `${t.year}年${t.day} 周${t.week}`;
    $("clock-time").textContent = `${t.time}:${t.seconds}`;
    this.tick(this.now);
  }

  async advance(button) {
    const all = [...document.querySelectorAll("[data-advance]")];
    const label = button.textContent;
    for (const b of all) b.disabled = true;
    button.textContent = "正在走…";
    const how = button.dataset.advance;
    const view = await post("/sim/clock", how === "morning" ? { to: this.morning() } : { advance: how });
    if (view) this.set(view);
    button.textContent = label;
    for (const b of all) b.disabled = false;
  }

  /** morning is the next 8:00 in the platform's zone. */
  morning() {
    const shifted = this.now + 8 * 3600e3;
    let t = Math.floor(shifted / 864e5) * 864e5 + 8 * 3600e3;
    if (t <= shifted) t += 864e5;
    return new Date(t - 8 * 3600e3).toISOString();
  }
}

// faults

const faults = [
  ["回调", [["丢一次", { kind: "drop" }], ["迟到 6 秒", { kind: "delay", delay: "6s" }], ["来两遍", { kind: "duplicate" }], ["乱序", { kind: "reorder" }], ["签名错", { kind: "bad_signature" }], ["别家公司", { kind: "wrong_receive_id" }], ["重放", { kind: "replay" }]]],
  ["接口", [["繁忙 -1", { kind: "errcode", code: -1 }], ["限频 45009", { kind: "errcode", code: 45009 }], ["令牌过期", { kind: "expired_token" }], ["文件过期", { kind: "expired_media" }], ["断开", { kind: "reset" }], ["做了没回", { kind: "lost_answer" }], ["慢 6 秒", { kind: "slow", delay: "6s" }]]],
  ["送达", [["悄悄丢弃", { kind: "silent_drop" }], ["更新码失效 60140", { kind: "errcode", code: 60140, path: "message/update_template_card" }]]],
];

export class Faults {
  constructor() {
    this.chips = [];
    $("fault-rows").append(...faults.map(([label, list]) => el("div", { class: "fault-row" }, el("span", {}, label), el("div", {}, ...list.map(([name, fault]) => this.chip(name, fault))))));
    $("faults-clear").addEventListener("click", () => post("/sim/faults", { clear: true }));
    $("switches-open").addEventListener("click", () => { this.drawSwitches(); $("switches").showModal(); });
  }

  chip(name, fault) {
    const node = el("button", { class: "fault", type: "button", "aria-pressed": "false", onclick: () => post("/sim/faults", fault) }, name);
    this.chips.push({ node, name, fault });
    return node;
  }

  draw() {
    for (const c of this.chips) {
      const armed = world.faults.filter((f) => f.kind === c.fault.kind && (f.code || 0) === (c.fault.code || 0)).reduce((n, f) => n + f.count, 0);
      c.node.setAttribute("aria-pressed", String(armed > 0));
      c.node.textContent = armed > 0 ? `${c.name} ×${armed}` : c.name;
    }
  }

  drawSwitches() {
    const set = (name, value) => post("/sim/switches", { [name]: value });
    const number = (name, label, max) => el("label", {}, label, el("input", { type: "number", min: "0", max, value: String(world.switches[name]), onchange: (e) => set(name, Number(e.target.value)) }));
    const text = (name, label) => el("label", {}, label, el("input", { value: world.switches[name], onchange: (e) => set(name, e.target.value) }));
    const pick = (name, label, values) => el("label", {}, label, el("select", { onchange: (e) => set(name, Number(e.target.value)) },
      ...values.map((n) => el("option", { value: String(n), selected: world.switches[name] === n }, String(n)))));
    const check = (name, label) => el("label", {}, label, el("input", { type: "checkbox", checked: world.switches[name], onchange: (e) => set(name, e.target.checked) }));
    const group = (name, ...rows) => [el("h3", {}, name), ...rows];
    $("switch-list").replaceChildren(
      ...group("回调",
        check("retry_on_status", "回调得到非 200 也重发，不只是超时"),
        number("repeats", "第一次之后最多重发几次", "9"),
        text("repeat_after", "重发之前等多久"),
        check("fresh_repeat", "重发时重新加密，不是原样再送"),
        check("apply_card_reply", "卡片事件的被动回复会改卡片"),
        pick("reply_menu_max", "被动回复里菜单最多几项", [10, 3]),
        check("user_messages", "把人写的消息告诉应用"),
        check("menu_events", "把菜单点击告诉应用"),
        check("range_events", "把可见范围的变化告诉应用"),
        check("approval_events", "把审批的变化告诉应用"),
        check("school_events", "把家校通讯录的变化告诉应用"),
        check("job_events", "把异步任务的完成告诉应用")),
      ...group("令牌和调用",
        check("same_token", "令牌没到期时，再取还是同一个"),
        pick("expired_as", "令牌到期后的错误码", [42001, 40014]),
        check("code_errors", "登录码用过答 42022、过期答 42003"),
        check("token_ip", "取令牌也查可信 IP"),
        check("webhook_ip", "群机器人也查可信 IP"),
        check("refuse_escapes", "请求里有 \\u 转义时拒绝"),
        check("rate_limits", "按平台的频率限制"),
        number("daily_quota", "一天最多送达几次（0：人数 × 200）", "9999999"),
        check("app_disabled", "应用被停用")),
      ...group("消息和卡片",
        check("omit_empty", "空的无效名单不写进回答"),
        check("same_msgid", "重复的消息答第一次的 msgid"),
        check("unique_tasks", "用过的 task_id 会被拒绝"),
        check("strict_lengths", "卡片文字过长时拒绝，不是截短"),
        check("codes_once", "更新码只能用一次"),
        check("list_strangers", "更新没收到卡片的人只列进名单"),
        check("press_again", "卡片更新之前可以再按"),
        check("press_replaced", "换过内容的卡片还能按")),
      ...group("通讯录、文件、审批",
        pick("out_of_range_as", "查范围外的人的错误码", [60111, 60011]),
        check("private_fields", "通讯录给出手机、邮箱"),
        number("list_max", "成员详情一次最多几人（0：不限）", "999999"),
        pick("image_max", "图片最大几 MB", [10, 5, 2]),
        check("any_part", "永久图片的表单部分可以随意命名"),
        text("job_delay", "异步任务要多久"),
        check("empty_cursor", "审批列表末页给空游标"),
        check("old_approval_xml", "自建审批事件用旧的拼写"),
        check("workbench", "打开了工作台自定义展示"),
        check("calendar_api", "可以调用日程接口"),
        check("approval_api", "可以调用审批接口"),
        check("school_api", "可以调用家校沟通接口")));
  }
}

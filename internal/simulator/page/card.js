// What the app sent, drawn as the client draws it. Everything that came over the wire
// becomes text nodes; the little markup the platform knows is read by hand.

/** el makes an element; children are nodes or text. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (v === undefined || v === null || v === false || v === "" && k !== "value") continue;
    if (k === "class") node.className = v;
    else if (k.startsWith("on")) node.addEventListener(k.slice(2), v);
    else if (k in node && typeof v !== "string") node[k] = v;
    else node.setAttribute(k, v === true ? "" : v);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
  return node;
}

const link = (text, url, open) => el("button", { class: "link", type: "button", onclick: (e) => { e.stopPropagation(); open(url); } }, text);

/** markup draws a, br and div of a text; every other tag stays as it was written. */
function markup(text, open) {
  const parts = [];
  const tag = /<a\s+href\s*=\s*["']([^"']*)["'][^>]*>([\s\S]*?)<\/a>|<br\s*\/?>|<div(?:\s+class\s*=\s*["'](\w+)["'])?\s*>([\s\S]*?)<\/div>/gi;
  let last = 0;
  for (let m = tag.exec(text); m; m = tag.exec(text)) {
    parts.push(text.slice(last, m.index));
    last = tag.lastIndex;
    if (m[1] !== undefined) parts.push(link(m[2], m[1], open));
    else if (m[4] !== undefined) parts.push(el("div", { class: `line-${m[3] || "normal"}` }, ...markup(m[4], open)));
    else parts.push(el("br"));
  }
  parts.push(text.slice(last));
  return parts;
}

/** inline draws bold, links, code and font colours of the markdown subset. */
function inline(text, open) {
  const parts = [];
  const token = /\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|`([^`]+)`|<font color="(info|comment|warning)">([\s\S]*?)<\/font>/g;
  let last = 0;
  for (let m = token.exec(text); m; m = token.exec(text)) {
    parts.push(text.slice(last, m.index));
    last = token.lastIndex;
    if (m[1]) parts.push(el("b", {}, ...inline(m[1], open)));
    else if (m[2]) parts.push(link(m[2], m[3], open));
    else if (m[4]) parts.push(el("code", {}, m[4]));
    else parts.push(el("span", { class: m[5] }, ...inline(m[6], open)));
  }
  parts.push(text.slice(last));
  return parts;
}

function markdown(text, open) {
  return text.split("\n").map((line) => {
    const head = /^(#{1,6}) +(.*)/.exec(line);
    if (head) return el("div", { class: `h h${head[1].length}` }, ...inline(head[2], open));
    if (line.startsWith(">")) return el("blockquote", {}, ...inline(line.slice(1).trim(), open));
    return el("div", {}, ...inline(line, open), line === "" && el("br"));
  });
}

/** content draws one message. act = {open(url), press(key, selected), page: url to show} */
export function content(m, act) {
  const body = m.body[m.msgtype] || {};
  switch (m.msgtype) {
    case "text": return el("div", { class: "bubble" }, ...markup(body.content, act.open));
    case "markdown": return el("div", { class: "bubble markdown" }, ...markdown(body.content, act.open));
    case "image": return el("div", { class: "bubble picture" }, el("img", { src: `/files/${encodeURIComponent(body.media_id)}`, alt: "图片" }));
    case "voice": return el("div", { class: "bubble" }, "🔊 语音");
    case "video": return el("div", { class: "bubble" }, `▶ ${body.title || "视频"}`);
    case "file": return el("div", { class: "bubble" }, el("a", { href: `/files/${encodeURIComponent(body.media_id)}`, download: true }, "📄 打开文件"));
    case "location": return el("div", { class: "bubble" }, `📍 ${body.label || "位置"}`);
    case "textcard": return textcard(body, act);
    case "news": return el("div", { class: "card" }, ...body.articles.map((a) => article(a, act)));
    case "mpnews": return el("div", { class: "card" }, ...body.articles.map((a) => article({ ...a, description: a.digest }, act)));
    case "miniprogram_notice": return el("div", { class: "card" }, el("div", { class: "card-body" },
      el("div", { class: "title" }, body.title), el("div", { class: "desc" }, body.description || ""),
      rows((body.content_item || []).map((i) => [i.key, i.value]))));
    case "template_card": return template(m.card, act);
    default: return el("div", { class: "bubble" }, `[${m.msgtype}]`);
  }
}

function textcard(c, act) {
  return el("div", { class: "card textcard" },
    el("button", { class: "card-body", type: "button", onclick: () => act.open(c.url) },
      el("div", { class: "title" }, c.title), el("div", {}, ...markup(c.description, act.open))),
    el("button", { class: "go", type: "button", onclick: () => act.open(c.url) }, c.btntxt || "详情"));
}

function article(a, act) {
  return el("button", { class: "article", type: "button", onclick: () => a.url && act.open(a.url) },
    el("span", {}, a.title, a.description && el("small", {}, a.description)),
    a.picurl ? picture(a.picurl) : el("i"));
}

/** picture falls back to the plain ground when the address does not answer. */
function picture(url, cls) {
  const img = el("img", { src: url, alt: "", class: cls });
  img.addEventListener("error", () => img.replaceWith(el("i", { class: cls })), { once: true });
  return img;
}

function rows(pairs) {
  if (pairs.length === 0) return null;
  return el("dl", { class: "rows" }, ...pairs.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)]));
}

const target = (l) => (l && l.type === 1 && l.url) || "";
const cut = (text, n) => (text && [...text].length > n ? [...text].slice(0, n - 1).join("") + "…" : text || "");

function template(c, act) {
  const card = el("div", { class: "card" });
  const follow = target(c.card_action);
  const go = follow ? () => act.open(follow) : undefined;
  const body = el("div", {
    class: "card-body", role: follow && "link", tabindex: follow && "0", onclick: go,
    onkeydown: follow ? (e) => { if (e.key === "Enter" && e.target === e.currentTarget) go(); } : undefined,
  },
    source(c, act),
    (c.main_title) && el("div", {}, el("div", { class: "title" }, cut(c.main_title.title, 36)), c.main_title.desc && el("div", { class: "desc" }, cut(c.main_title.desc, 160))),
    c.emphasis_content && el("div", { class: "emphasis" }, el("strong", {}, cut(c.emphasis_content.title, 14)), el("span", { class: "desc" }, cut(c.emphasis_content.desc, 22))),
    c.card_image && picture(c.card_image.url, "cover"),
    c.image_text_area && area(c.image_text_area, act),
    c.quote_area && quote(c.quote_area, act),
    c.sub_title_text && el("div", {}, cut(c.sub_title_text, 160)),
    c.vertical_content_list && el("dl", { class: "vertical" }, ...c.vertical_content_list.flatMap((v) => [el("dt", {}, v.title), el("dd", {}, v.desc || "")])),
    c.horizontal_content_list && rows(c.horizontal_content_list.map((h) => [h.keyname, value(h, act)])));
  if (follow) body.style.cursor = "pointer";
  card.append(body);
  for (const j of c.jump_list || []) card.append(el("button", { class: "jump", type: "button", onclick: () => target(j) && act.open(target(j)) }, j.title));
  card.append(...questions(c, act.chosen || {}), ...buttons(c, card, act));
  return card;
}

function source(c, act) {
  const menu = c.action_menu && el("button", { class: "more", type: "button", "aria-label": c.action_menu.desc || "更多", onclick: (e) => {
    e.stopPropagation();
    act.choose(c.action_menu.action_list.map((a) => [a.text, () => act.press(a.key)]), e.currentTarget);
  } }, "•••");
  if (!c.source && !menu) return null;
  const s = c.source || {};
  return el("div", { class: "source" }, s.desc && el("i"), el("span", { class: `d${s.desc_color || 0}` }, cut(s.desc, 20)), menu);
}

function quote(q, act) {
  return el("div", { class: "quote", onclick: (e) => { if (target(q)) { e.stopPropagation(); act.open(target(q)); } } },
    q.title && el("b", {}, q.title), q.quote_text || "");
}

function area(a, act) {
  return el("button", { class: "article", type: "button", onclick: (e) => { e.stopPropagation(); if (target(a)) act.open(target(a)); } },
    picture(a.image_url), el("span", {}, a.title || "", a.desc && el("small", {}, a.desc)));
}

function value(h, act) {
  if (h.type === 1) return link(h.value || h.url, h.url, act.open);
  if (h.type === 2) return el("a", { href: `/files/${encodeURIComponent(h.media_id)}`, download: true }, h.value || "附件");
  if (h.type === 3) return el("span", { class: "link" }, act.nameOf(h.userid) || h.value || h.userid);
  return cut(h.value, 30);
}

/** questions shows what the person chose on this phone, or what the card presets. */
function questions(c, before) {
  const asks = [];
  const select = (q) => el("label", { class: "ask" }, q.title && el("span", {}, q.title),
    el("select", { "data-question": q.question_key, disabled: Boolean(q.disable || c.replace_text) },
      ...q.option_list.map((o) => el("option", { value: o.id, selected: before[q.question_key] ? before[q.question_key].includes(o.id) : o.id === q.selected_id }, o.text))));
  if (c.card_type === "button_interaction" && c.button_selection) asks.push(select(c.button_selection));
  if (c.card_type === "multiple_interaction") asks.push(...(c.select_list || []).map(select));
  if (c.card_type === "vote_interaction" && c.checkbox) {
    const q = c.checkbox;
    const name = `q${Math.random()}`;
    asks.push(el("div", { class: "options", "data-question": q.question_key }, ...q.option_list.map((o) => el("label", {},
      el("input", { type: q.mode === 1 ? "checkbox" : "radio", name, value: o.id, checked: before[q.question_key] ? before[q.question_key].includes(o.id) : Boolean(o.is_checked), disabled: Boolean(q.disable || c.replace_text) }), o.text))));
  }
  return asks;
}

/** chosen reads what the person chose on the card; a locked question is left to the platform. */
function chosen(card) {
  const selected = {};
  for (const q of card.querySelectorAll("[data-question]")) {
    if (q.disabled || q.querySelector("input:disabled")) continue;
    selected[q.dataset.question] = q.tagName === "SELECT" ? [q.value] : [...q.querySelectorAll("input:checked")].map((i) => i.value);
  }
  return selected;
}

function buttons(c, card, act) {
  if (c.replace_text) return [el("div", { class: "greyed" }, c.replace_text)];
  let list = [];
  if (c.card_type === "button_interaction") list = c.button_list || [];
  else if (c.submit_button && c.card_type !== "text_notice" && c.card_type !== "news_notice") list = [{ text: c.submit_button.text || "提交", key: c.submit_button.key }];
  if (list.length === 0) return [];
  const press = (b) => (e) => {
    if (b.type === 1) return act.open(b.url);
    const button = e.currentTarget;
    button.disabled = true;
    return act.press(b.key, chosen(card)).finally(() => { button.disabled = false; });
  };
  return [el("div", { class: `buttons${list.length > 3 ? " many" : ""}` },
    ...list.map((b) => el("button", { type: "button", class: `s${b.style >= 1 && b.style <= 4 ? b.style : 1}`, onclick: press(b) }, cut(b.text, 10))))];
}

// What every part of the page shares: the picture, how to ask for a change of it, and how a
// moment is read.

/** world is what /sim/state said, changed by every event since. */
export const world = { users: [], messages: [], log: [], faults: [], menu: [], schedules: [], origins: [], phones: ["", ""], switches: {}, workbench: {}, app: { name: "" } };

/** post sends JSON; a refusal becomes a toast and null. */
export async function post(path, body) {
  try {
    const res = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const data = await res.json();
    if (res.ok) return data;
    toast(data.message);
  } catch {
    toast("模拟器没有回答，它可能停了。");
  }
  return null;
}

let hide;
export function toast(text) {
  const node = document.getElementById("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => { node.hidden = true; }, 4000);
}

const pad = (n) => String(n).padStart(2, "0");

/** china reads a moment in the platform's zone. */
export function china(ms) {
  const d = new Date(ms + 8 * 3600e3);
  return {
    day: `${d.getUTCMonth() + 1}月${d.getUTCDate()}日`, year: d.getUTCFullYear(), week: "日一二三四五六"[d.getUTCDay()],
    time: `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`, seconds: pad(d.getUTCSeconds()), hour: d.getUTCHours(),
  };
}

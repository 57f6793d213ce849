// The page: one picture of the platform, kept fresh by server-sent events.
import { Phone } from "./chat.js";
import { Clock, Faults, Wire } from "./wire.js";
import { world } from "./world.js";

const phones = [...document.querySelectorAll(".phone")].map((root, i) => new Phone(root, i));
const wire = new Wire();
const clock = new Clock((now) => phones.forEach((p) => p.tick(now)));
const faults = new Faults();

const take = {
  message(m) {
    const i = world.messages.findIndex((x) => x.user === m.user && x.msgid === m.msgid);
    if (i >= 0) world.messages[i] = m;
    else world.messages.push(m);
    phones.forEach((p) => p.take(m));
  },
  log(e) {
    const i = world.log.findIndex((x) => x.id === e.id);
    if (i >= 0) world.log[i] = e;
    else world.log.push(e);
    wire.take(e);
  },
  schedule(s) {
    world.schedules = world.schedules.filter((x) => x.schedule_id !== s.schedule_id).concat(s);
    phones.forEach((p) => p.drawDays());
  },
  faults(list) { world.faults = list; faults.draw(); },
  switches(s) { world.switches = s; },
  clock(view) { clock.set(view); },
  menu(list) { world.menu = list; phones.forEach((p) => { p.typing = false; p.drawDock(); }); },
  workbench(w) { world.workbench = w; phones.forEach((p) => p.drawBench()); },
  app(a) { world.app = a; phones.forEach((p) => { p.show(p.tab); p.drawBench(); }); },
  people(list) { world.users = list || []; phones.forEach((p) => { p.drawPeople(); p.drawBench(); }); },
  phones(list) { world.phones = list; phones.forEach((p, i) => { if (p.holder !== list[i]) p.hold(list[i]); }); },
};

/** begin draws the whole picture; again after every reconnection. */
async function begin() {
  Object.assign(world, await (await fetch("/sim/state")).json());
  clock.set(world.clock);
  phones.forEach((p, i) => { p.typing = world.menu.length === 0; p.hold(world.phones[i]); });
  wire.draw();
  faults.draw();
}

const events = new EventSource("/sim/events");
let queue = Promise.resolve();
events.addEventListener("hello", () => { queue = queue.then(begin); });
for (const [name, act] of Object.entries(take)) {
  events.addEventListener(name, (e) => { const data = JSON.parse(e.data); queue = queue.then(() => act(data)); });
}

// A page in a phone may ask to be closed.
window.addEventListener("message", (e) => {
  const i = world.origins.indexOf(e.origin);
  if (i >= 0 && e.data === "wecom:closeWindow") phones[i].closeWeb();
});

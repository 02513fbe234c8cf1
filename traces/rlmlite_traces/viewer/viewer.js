"use strict";
/**
 * Builds the page from its data. Nothing of the data becomes markup: nodes are made here, and texts are set as text.
 *
 * A story may have 10,000 calls, so what is folded is made when it is unfolded, and lists are shown in portions.
 */
(() => {
  const PORTION = 200;
  const SVG = "http://www.w3.org/2000/svg";
  const dataOf = (id) => JSON.parse(document.getElementById(id).textContent);

  // ---- nodes ----

  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== "") node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return node;
  }

  const span = (kind, text) => el("span", { class: kind }, text);

  /** A fold whose content is made when it is first opened. */
  function fold(summary, make, { open = false, id = "" } = {}) {
    const node = el("details", { id }, el("summary", {}, ...[summary].flat()));
    let isMade = false;
    node.make = () => {
      if (isMade) return;
      isMade = true;
      node.append(...[make()].flat().filter(Boolean));
    };
    node.addEventListener("toggle", () => node.open && node.make());
    if (open) {
      node.make();
      node.open = true;
    }
    return node;
  }

  /** The items of a list, a portion at a time. */
  function* portions(items, make, where) {
    const first = items.slice(0, PORTION);
    yield* first.map(make);
    if (items.length <= PORTION) return;
    const button = el("button", { type: "button" });
    let shown = first.length;
    const say = () => (button.textContent = `show ${Math.min(PORTION, items.length - shown)} more of ${items.length - shown}`);
    button.addEventListener("click", () => {
      const next = items.slice(shown, shown + PORTION).map(make);
      shown += next.length;
      button.before(...next);
      if (shown >= items.length) button.remove();
      else say();
      next[0].querySelector("summary")?.focus();
    });
    say();
    yield button;
  }

  // ---- texts ----

  /** Characters that could hide or turn text are shown as escapes; line ends and tabs stay. */
  const plain = (text) =>
    String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (char) =>
      `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

  /** A passage of the trace, or why it is not there. */
  function passage(value, kind = "pre") {
    if (!value) return null;
    if (value.absence) return el(kind, { class: "absent" }, `[${value.absence}]`);
    return el(kind, {}, plain(value.text ?? ""));
  }

  const number = (value) => Number(value).toLocaleString("en-US");
  const money = (nano) => (nano === null || nano === undefined ? "unknown" : `$${(nano / 1e9).toFixed(6)}`);
  const json = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "null");

  function usage([input, output, cost]) {
    const tokens = input === null ? "tokens unknown" : `${number(input)} + ${number(output ?? 0)} tokens`;
    return `${tokens}, ${money(cost)}`;
  }

  // The language, as far as colours need it: comments, strings, regexes, numbers, names of actions.
  const TOKENS = /(#[^\n]*)|("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<=[(,=\s])\/(?:\\.|[^/\\\n])+\/[a-z]*)|(\b\d[\d_.]*\b)|(\b[a-z_]\w*(?=\())/gi;
  const COLOURS = ["comment", "string", "figure", "action"];

  function highlighted(text) {
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(TOKENS)) {
      parts.push(text.slice(end, match.index), span(COLOURS[match.slice(1).findIndex(Boolean)], match[0]));
      end = match.index + match[0].length;
    }
    return [...parts, text.slice(end)];
  }

  /** A program with the numbers of its lines, each a link to the step that it became. */
  function program(value, steps, place) {
    if (!value) return null;
    if (value.absence) return passage(value);
    const byLine = new Map(steps.map((step) => [step.line, step]));
    const lines = plain(value.text ?? "").replace(/\n$/, "").split("\n");
    return el("pre", { class: "program" }, ...lines.map((line, index) => {
      const step = byLine.get(index + 1);
      const mark = step ? el("a", { href: `#${place}step-${step.step}` }, String(index + 1)) : String(index + 1);
      return el("span", { class: "line" }, el("span", { class: "number" }, mark), el("span", {}, ...highlighted(line)));
    }));
  }

  // ---- pictures ----

  function shape(tag, attributes) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function picture(kind, label, ...shapes) {
    const node = shape("svg", { class: kind, viewBox: "0 0 1000 20", preserveAspectRatio: "none", role: "img" });
    const title = shape("title", {});
    title.textContent = label;
    node.append(title, ...shapes);
    return node;
  }

  const bar = (kind, from, to) =>
    shape("rect", { class: kind, x: from * 1000, width: Math.max((to - from) * 1000, 1.5), y: 0, height: 20 });

  /** How much of an input was shown, read and scanned, and where models read and evidence lies. */
  function coverage(input, story) {
    const totals = story.coverage[input.name] ?? [0, 0, 0];
    const size = Math.max(input.size, 1);
    const [shown, read, scanned] = totals;
    const unseen = Math.max(input.size - Math.max(shown, read, scanned), 0);
    const label = `${input.name}: shown ${number(shown)}, read by models ${number(read)}, scanned ${number(scanned)}, unseen at least ${number(unseen)} of ${number(input.size)} bytes`;
    const rows = [["shown", shown], ["read", read], ["scanned", scanned]];
    const amounts = rows.map(([kind, bytes]) => el("tr", {}, el("th", {}, kind), el("td", {}, number(bytes)),
      el("td", {}, `${((100 * bytes) / size).toFixed(1)} %`), el("td", {}, picture("", `${kind} ${number(bytes)}`, bar(kind, 0, Math.min(bytes / size, 1))))));
    const isPlaced = input.kind === "text";
    const places = isPlaced
      ? picture("", `${label}: the places that models read, and the evidence`,
        ...story.readPlaces(input.name).map(([start, stop]) => bar("read", start / size, stop / size)),
        ...story.evidence(input.name).map((each) => bar("evidence", (each.start ?? 0) / size, (each.stop ?? 0) / size)))
      : null;
    return [el("table", { class: "amounts", "aria-label": label }, ...amounts), places,
      isPlaced ? el("p", { class: "dim" }, "where in the input models read (green) and evidence lies (red)") : null];
  }

  /** What was used of each budget, turn by turn. */
  function budgets(story) {
    const limits = story.beginning.settings?.limits ?? {};
    const sums = {};
    const curves = {};
    for (const turn of story.turns) {
      for (const used of [turn.used, ...(turn.steps ?? []).map((step) => step.used)]) {
        for (const [name, amount] of Object.entries(used ?? {})) sums[name] = (sums[name] ?? 0) + amount;
      }
      for (const name of Object.keys(sums)) (curves[name] ??= []).push([turn.turn, sums[name]]);
    }
    const turns = Math.max(story.turns.length, 1);
    return el("table", { class: "amounts" }, ...Object.entries(sums).map(([name, used]) => {
      const limit = limits[name];
      const most = Math.max(limit ?? used, used, 1);
      const points = [[0, 0], ...curves[name]].map(([turn, amount]) => `${(1000 * turn) / turns},${20 - (19 * amount) / most}`);
      const curve = picture("curve", `${name} by turn`, shape("polyline", { points: points.join(" ") }));
      const share = limit ? `of ${number(limit)}` : "";
      return el("tr", {}, el("th", {}, name), el("td", {}, `${number(used)} ${share}`), el("td", {}, curve));
    }));
  }

  // ---- a story ----

  /** What the page asks of a story's document again and again. */
  class Story {
    constructor(document_, place) {
      Object.assign(this, document_);
      this.place = place; // before the ids of its parts, since a page may hold several stories
      this.turns = this.chapters.filter((chapter) => chapter.chapter === "turn");
      this.steps = this.turns.flatMap((turn) => turn.steps ?? []);
      this.coverage = Object.assign({}, ...this.steps.map((step) => step.coverage ?? {}));
    }

    evidence(input) {
      return (this.ending?.answer?.evidence ?? []).filter((each) => each.input === input);
    }

    /** The ranges of an input that went into prompts, those that touch as one. */
    readPlaces(input) {
      const parts = this.steps.flatMap((step) => step.made ?? []).flatMap((call) => call.prompt ?? []);
      const ranges = parts.filter((part) => part.input === input && part.stop).map((part) => [part.start ?? 0, part.stop]);
      ranges.sort((one, other) => one[0] - other[0]);
      const joined = [];
      for (const [start, stop] of ranges) {
        const last = joined.at(-1);
        if (last && start <= last[1]) last[1] = Math.max(last[1], stop);
        else joined.push([start, stop]);
      }
      return joined;
    }
  }

  const remarks = (list) => (list ?? []).map((remark) =>
    el("p", { class: remark.is_note ? "dim" : "warn" }, `${remark.is_note ? "note" : "warning"} ${remark.code}: ${remark.meaning}`,
      remark.n > 1 ? ` (${number(remark.n)} times)` : "", remark.input ? ` in ${plain(remark.input)}${remark.line ? `, line ${remark.line}` : ""}` : "",
      remark.example ? ": " : "", remark.example ? passage(remark.example, "code") : ""));

  const problems = (list, kind) => (list ?? []).map((problem) =>
    el("p", { class: kind }, `${problem.code}${problem.line ? ` (line ${problem.line})` : ""}: ${plain(problem.message)} ${plain(problem.hint ?? "")}`));

  function call(each, story) {
    const outcome = each.error ? span("bad", each.error) : span("ok", each.same_as ? "same as another" : each.is_cached ? "cached" : "answered");
    const title = [`${each.index + 1}. ${each.kind} ${plain(each.role)} ${plain(each.model)} – `, outcome];
    return fold(title, () => [
      el("p", { class: "dim" }, `${usage(each.usage)}; prompt of ${number(each.prompt_bytes)} bytes; id ${each.id}`,
        each.same_as ? `; the result is that of ${each.same_as}` : ""),
      el("h3", {}, "prompt"),
      ...(each.prompt ?? []).map((part) => promptPart(part)),
      el("h3", {}, each.error ? "no answer" : "answer"), passage(each.answer) ?? passage(each.detail),
      each.nested ? nestedLink(each, story) : null,
    ]);
  }

  function promptPart(part) {
    if (part.is_words) return passage(part.text);
    const place = part.input ? `${plain(part.input)}${part.path ? ` ${plain(part.path)}` : ""}, bytes ${number(part.start ?? 0)} to ${number(part.stop ?? 0)}` : "a value";
    return el("div", {}, el("p", { class: "dim" }, `${part.source ? `from ${plain(part.source)}: ` : ""}${place} (${number(part.size)} bytes)`),
      part.text?.absence ? el("pre", { class: "absent" }, "[not in the trace; its place and its digest are]") : passage(part.text));
  }

  function nestedLink(each, story) {
    const isHere = each.id in (story.nested ?? {});
    const words = `nested run: ${each.nested.status}${each.nested.reason ? ` (${each.nested.reason})` : ""}, root ${each.nested.root}`;
    return el("p", {}, isHere ? el("a", { href: `#run-${each.id}` }, words) : `${words}; its trace is not here`);
  }

  function step(each, story) {
    const state = each.status === "ok" ? span("ok", "ok") : span("bad", `${each.status}${each.code ? ` (${each.code})` : ""}`);
    const writes = (each.writes ?? []).map((variable) => `${variable.name}: ${variable.kind} ${number(variable.size)}`).join(", ");
    const title = [`step ${each.step} ${each.op}`, writes ? ` → ${writes}` : "", " – ", state, each.calls ? ` – ${number(each.calls)} calls` : ""];
    return fold(title, () => [
      each.text ? el("pre", {}, ...highlighted(plain(each.text))) : null,
      each.meaning ? el("p", { class: "bad" }, each.meaning) : null,
      each.reads?.length ? el("p", { class: "dim" }, `reads ${each.reads.join(", ")}`) : null,
      ...remarks(each.remarks),
      each.observation ? el("h3", {}, `shown${each.cut ? `; ${number(each.cut)} bytes were cut` : ""}`) : null,
      passage(each.observation),
      ...(each.writes ?? []).map((variable) => el("p", { class: "dim" }, `${variable.name}: value ${variable.ref}`)),
      each.used ? el("p", { class: "dim" }, `used ${Object.entries(each.used).map(([name, amount]) => `${name} ${number(amount)}`).join(", ")}`) : null,
      each.made ? fold(`${number(each.made.length)} calls, ${number(each.failed ?? 0)} failed`, () => [...portions(each.made, (one) => call(one, story))]) : null,
    ], { id: `${story.place}step-${each.step}` });
  }

  function turn(each, story) {
    const who = each.speaker ? `${each.origin}, ${plain(each.speaker.model)}` : each.origin;
    const steps = each.steps ?? [];
    const speaker = each.speaker;
    return el("section", { class: "turn", id: `${story.place}turn-${each.turn}`, "aria-label": `turn ${each.turn}` },
      el("h3", {}, `turn ${each.turn}: ${who}`),
      each.held_back ? el("p", { class: "warn" }, `the answer before was held back: ${each.held_back.code}, ${each.held_back.meaning}`) : null,
      speaker ? el("p", { class: "dim" }, `${usage(speaker.usage)}; prompt of ${number(speaker.prompt_bytes)} bytes`, speaker.error ? `; no reply: ${speaker.error}` : "") : null,
      each.reply && each.program ? fold("reply, as it came", () => passage(each.reply)) : passage(each.reply),
      program(each.program, steps, story.place),
      ...problems(each.problems, "bad"), ...problems(each.reading, "dim"), ...remarks(each.remarks),
      ...portions(steps, (one) => step(one, story)));
  }

  function chapter(each, story) {
    if (each.chapter === "turn") return turn(each, story);
    if (each.chapter === "question") {
      return el("section", { class: "turn", id: `${story.place}question-${each.seq}` }, el("h3", {}, "question"), passage(each.text));
    }
    if (each.chapter === "redaction") return el("p", { class: "warn" }, `${number(each.contents)} contents were removed: ${plain(each.reason)} ${plain(each.who ?? "")}`);
    return el("section", { class: "turn" }, el("h3", {}, each.chapter), el("pre", {}, plain(json(each))));
  }

  function evidence(each, context, story) {
    const place = `${plain(each.path || each.input)}${each.line ? `:${each.line}` : ""}, bytes ${number(each.start ?? 0)} to ${number(each.stop ?? 0)} (${each.how})`;
    const words = each.text ? el("mark", {}, plain(each.text)) : null;
    if (context) {
      const [cutBefore, cutAfter] = context.is_cut ?? [false, false];
      return el("div", {}, el("p", { class: "dim" }, place), el("pre", {}, cutBefore ? "…" : "", plain(context.before), words ?? el("mark", {}, "…"), plain(context.after), cutAfter ? "…" : ""));
    }
    return el("div", {}, el("p", { class: "dim" }, place), words ? el("pre", {}, words) : null);
  }

  function answer(story) {
    const ending = story.ending;
    if (!ending) return [el("h2", {}, "answer"), el("p", { class: "warn" }, "open: its run has not ended, or its end is not here")];
    const kind = ending.outcome === "completed" ? "ok" : "bad";
    const found = ending.answer?.evidence ?? [];
    return [
      el("h2", { id: `${story.place}answer` }, "answer – ", span(kind, `${ending.outcome}${ending.reason ? ` (${ending.reason})` : ""}`)),
      ending.answer?.absence ? el("p", { class: "absent" }, `[${ending.answer.absence}]`) : el("pre", {}, plain(json(ending.answer?.value))),
      ...remarks(ending.remarks),
      found.length ? el("h3", {}, `evidence (${number(found.length)} of ${number(ending.answer.evidence_total)}, ${ending.answer.basis})`) : null,
      ...portions(found.map((each, index) => [each, story.contexts?.[index]]), ([each, context]) => evidence(each, context, story)),
    ];
  }

  function inputs(story) {
    return story.beginning.inputs.map((input) => fold(
      `${plain(input.name)}: ${input.kind}, ${number(input.size)} bytes${input.path ? `, ${plain(input.path)}` : ""}`,
      () => [el("p", { class: "dim" }, input.sha256 ? `SHA-256 ${input.sha256}` : `ref ${input.ref}`), ...coverage(input, story),
        ...(input.skipped ?? []).slice(0, PORTION).map(([path, why]) => el("p", { class: "warn" }, `left out: ${plain(path)} (${plain(why)})`)),
        ...(input.notes ?? []).map((note) => el("p", { class: "dim" }, plain(json(note))))],
      { open: story.beginning.inputs.length <= 3 }));
  }

  function roles(story) {
    const settings = story.beginning.settings;
    if (!settings) return [el("p", { class: "absent" }, `settings: [${story.beginning.absence ?? "absent"}]`)];
    const named = Object.entries(settings.roles ?? {});
    return [el("table", {}, ...named.map(([name, role]) => el("tr", {}, el("th", {}, plain(name)), el("td", {}, plain(role.model ?? "")), el("td", { class: "dim" }, plain(json(role)))))),
      fold("all settings", () => el("pre", {}, plain(json(settings))))];
  }

  function render(story) {
    const beginning = story.beginning;
    return [
      el("p", { class: "dim" }, `run ${beginning.run}, rlmlite ${beginning.kernel}, ${story.level}, ${number(story.records)} records, root ${story.root}`),
      ...Object.entries(story.lost ?? {}).map(([name, size]) => el("p", { class: "bad" }, `${name}: the last ${number(size)} bytes were not whole and are left out`)),
      ...answer(story),
      el("h2", {}, "inputs and coverage"), ...inputs(story),
      el("h2", {}, "budgets"), budgets(story),
      el("h2", {}, "roles and settings"), ...roles(story),
      el("h2", {}, "timeline"),
      el("nav", { "aria-label": "turns" }, el("ol", {}, ...story.turns.slice(0, 1000).map((each) =>
        el("li", {}, el("a", { href: `#${story.place}turn-${each.turn}`, title: each.origin }, String(each.turn)))))),
      ...portions(story.chapters, (each) => chapter(each, story)),
    ].filter(Boolean);
  }

  // ---- the check ----

  const bytesOf = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

  function check(main) {
    const files = dataOf("files");
    const said = el("output", { id: "verdict", role: "status" });
    const root = el("input", { id: "root", size: 66, placeholder: "a root that you know, if you have one", "aria-label": "known root" });
    const button = el("button", { type: "button", id: "check" }, "check this trace");
    if (files === null) return el("p", { class: "dim" }, "The trace is too large to be carried in this page: check it with `rlmlite trace verify`.");
    button.addEventListener("click", () => {
      try {
        const bytes = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, bytesOf(text)]));
        const trace = rlmliteVerifier.verifyTrace(bytes, { root: root.value.trim() || null });
        const isShown = trace.root === main.root;
        said.className = isShown ? "ok" : "bad";
        said.textContent = isShown
          ? `sound: ${trace.level}, root ${trace.root}. The records and contents that this page carries are whole; nothing was executed.`
          : `the trace in this page has the root ${trace.root}, and what is shown is of another one`;
      } catch (error) {
        said.className = "bad";
        said.textContent = `not sound: ${plain(error.message ?? error)}`;
      }
    });
    return el("p", {}, button, " ", root, " ", said);
  }

  // ---- the page ----

  /** Open what a link leads into, make it if it was not made, and go there. */
  function goTo(id) {
    if (!id) return;
    for (let place = id; place.includes("step-") || place.startsWith("run-"); ) {
      const node = document.getElementById(place);
      if (node) break;
      const run = document.getElementById(place.split("/")[0]);
      if (!run || run.id === place) break;
      run.make?.();
      run.open = true;
      break;
    }
    const node = document.getElementById(id);
    if (!node) return;
    for (let around = node; around; around = around.parentElement) {
      if (around.tagName === "DETAILS") {
        around.make?.();
        around.open = true;
      }
    }
    node.scrollIntoView();
    (node.querySelector("summary") ?? node).focus?.();
  }

  /** `j` and `k` go to the next and the last step that is there, as in many viewers. */
  function byKey(event) {
    if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "j" && event.key !== "k") return;
    const summaries = [...document.querySelectorAll(".turn > details > summary")].filter((each) => each.offsetParent !== null);
    const at = summaries.indexOf(document.activeElement);
    const next = summaries[event.key === "j" ? at + 1 : Math.max(at - 1, 0)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  const data = dataOf("data");
  const main = new Story(data, "");
  const page = document.getElementById("page");
  const questions = data.chapters.filter((each) => each.chapter === "question");
  const title = questions.length ? plain(questions[0].text.text ?? `[${questions[0].text.absence}]`) : "a program";
  page.replaceChildren(
    el("a", { class: "skip", href: "#answer" }, "to the answer"),
    el("h1", {}, title),
    check(main),
    ...render(main),
    ...Object.entries(data.nested ?? {}).map(([id, nested]) =>
      fold(`nested run ${id}`, () => render(new Story({ ...nested, nested: data.nested }, `run-${id}/`)), { id: `run-${id}` })));
  window.addEventListener("hashchange", () => goTo(decodeURIComponent(location.hash.slice(1))));
  document.addEventListener("keydown", byKey);
  goTo(decodeURIComponent(location.hash.slice(1)));
})();

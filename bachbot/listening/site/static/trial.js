"use strict";
// Notes what is heard of the two clips and tells the server, so that nothing is lost when the page
// is left. The server decides; this page only explains.
(() => {
  const form = document.getElementById("trial");
  const status = document.getElementById("status");
  const PARTS = Number(form.dataset.parts);
  const SHARE = Number(form.dataset.share);
  const EVERY = 5000;
  const START = 0.25; // seconds from which a clip counts as started, not gone on with

  const clips = [...form.querySelectorAll(".clip")].map((section, index) => ({
    name: index ? "B" : "A",
    side: section.dataset.side,
    audio: section.querySelector("audio"),
    said: section.querySelector(".said"),
    bar: section.querySelector(".done"),
    plays: form.elements[`plays_${section.dataset.side}`],
    heard: form.elements[`heard_${section.dataset.side}`],
    broken: false,
  }));
  const share = (clip) => clip.heard.value.split("1").length / PARTS - 1 / PARTS;
  const enough = (clip) => share(clip) >= SHARE;

  // A part is heard when half of it or more was played.
  function note(clip) {
    const seconds = clip.audio.duration || Number(form.dataset.seconds);
    const parts = [...clip.heard.value];
    const length = seconds / PARTS;
    for (let i = 0; i < PARTS; i++) {
      let played = 0;
      for (let r = 0; r < clip.audio.played.length; r++) {
        const from = Math.max(clip.audio.played.start(r), i * length);
        const to = Math.min(clip.audio.played.end(r), (i + 1) * length);
        played += Math.max(0, to - from);
      }
      if (played >= length / 2) parts[i] = "1";
    }
    clip.heard.value = parts.join("");
    show(clip);
  }

  function show(clip) {
    const percent = Math.round(share(clip) * 100);
    clip.bar.setAttribute("width", String(percent));
    const text = clip.broken
      ? "This clip could not be loaded. Load the page again."
      : enough(clip)
        ? "Heard. You may hear it again."
        : percent
          ? `${percent} % heard`
          : "Not heard yet";
    if (clip.said.textContent !== text) clip.said.textContent = text;
    clip.said.closest(".clip").classList.toggle("enough", enough(clip));
  }

  let sent = "";
  function tell() {
    const fields = new URLSearchParams();
    for (const name of ["csrf", "trial", "plays_left", "plays_right", "heard_left", "heard_right"]) {
      fields.set(name, form.elements[name].value);
    }
    const body = fields.toString();
    if (body === sent) return;
    sent = body;
    fetch(`${form.getAttribute("action")}/heard`, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body,
      credentials: "same-origin",
      keepalive: true,
    }).then(
      (response) => {
        if (!response.ok) sent = "";
      },
      () => {
        sent = ""; // the answer itself carries it again
      },
    );
  }

  const announced = new Set(clips.filter(enough));
  function announce(clip) {
    if (!enough(clip) || announced.has(clip)) return;
    announced.add(clip);
    const other = clips.find((c) => c !== clip);
    status.textContent = enough(other)
      ? "Both clips are heard. Choose one."
      : `Clip ${clip.name} is heard. Now hear clip ${other.name}.`;
  }

  for (const clip of clips) {
    const { audio } = clip;
    audio.addEventListener("play", () => {
      if (clip.plays.value === "0" || audio.currentTime < START) {
        clip.plays.value = String(Number(clip.plays.value) + 1);
        tell();
      }
      for (const other of clips) if (other !== clip) other.audio.pause();
    });
    audio.addEventListener("ratechange", () => {
      if (audio.playbackRate !== 1) audio.playbackRate = 1;
    });
    audio.addEventListener("timeupdate", () => {
      note(clip);
      announce(clip);
    });
    for (const event of ["pause", "ended"]) {
      audio.addEventListener(event, () => {
        note(clip);
        announce(clip);
        tell();
      });
    }
    audio.querySelector("source:last-of-type").addEventListener("error", () => {
      clip.broken = true;
      show(clip);
    });
    show(clip);
  }
  setInterval(() => {
    if (clips.some((clip) => !clip.audio.paused)) tell();
  }, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      clips.forEach(note);
      tell();
    }
  });

  form.addEventListener("change", () => {
    status.textContent = "";
  });

  form.addEventListener("submit", (event) => {
    clips.forEach(note);
    const missing = clips.filter((clip) => !enough(clip)).map((clip) => `clip ${clip.name}`);
    if (missing.length) {
      event.preventDefault();
      status.textContent = `Hear ${missing.join(" and ")} first.`;
      return;
    }
    for (const clip of clips) clip.audio.pause();
    // A second press must not be taken for a second answer; the server would not take it either.
    form.querySelector("button").setAttribute("aria-disabled", "true");
  });

  // Single keys disturb some ways of input, so they can be put off (WCAG 2.2, 2.1.4).
  const KEPT = "bachbot-keys";
  const use = document.getElementById("use-keys");
  document.getElementById("keys").hidden = false;
  try {
    use.checked = localStorage.getItem(KEPT) !== "off";
  } catch {
    // No storage: the keys are on, and can be put off on each page.
  }
  use.addEventListener("change", () => {
    try {
      localStorage.setItem(KEPT, use.checked ? "on" : "off");
    } catch {
      // As above.
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!use.checked || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const at = { a: 0, b: 1, 1: 0, 2: 1 }[event.key.toLowerCase()];
    if (at === undefined) return;
    event.preventDefault();
    const clip = clips[at];
    if (event.key === "1" || event.key === "2") {
      const choice = form.querySelector(`input[name="chosen"][value="${clip.side}"]`);
      choice.checked = true;
      choice.focus();
    } else if (clip.audio.paused) {
      clip.audio.play().catch(() => {
        status.textContent = `Clip ${clip.name} could not be played.`;
      });
    } else {
      clip.audio.pause();
    }
  });
})();

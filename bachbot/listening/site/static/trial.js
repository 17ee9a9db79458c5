"use strict";
// Tracks what is played of the two clips and reports it to the server, so that nothing is lost when
// the page is left. The server decides whether it is enough; this page only explains.
(() => {
  const form = document.getElementById("trial");
  const status = document.getElementById("status");
  const SEGMENTS = Number(form.dataset.segments);
  const MIN_HEARD = Number(form.dataset.minHeard);
  const REPORT_INTERVAL = 5000;
  const START = 0.25; // playing from before this many seconds counts as a new start

  const clips = [...form.querySelectorAll(".clip")].map((section, index) => ({
    name: index ? "B" : "A",
    side: section.dataset.side,
    audio: section.querySelector("audio"),
    text: section.querySelector(".heard-text"),
    bar: section.querySelector(".done"),
    plays: form.elements[`plays_${section.dataset.side}`],
    heard: form.elements[`heard_${section.dataset.side}`],
    broken: false,
  }));
  const share = (clip) => clip.heard.value.split("1").length / SEGMENTS - 1 / SEGMENTS;
  const enough = (clip) => share(clip) >= MIN_HEARD;

  // A segment counts as heard when at least half of it was played.
  function update(clip) {
    const seconds = clip.audio.duration || Number(form.dataset.seconds);
    const heard = [...clip.heard.value];
    const length = seconds / SEGMENTS;
    for (let i = 0; i < SEGMENTS; i++) {
      let played = 0;
      for (let r = 0; r < clip.audio.played.length; r++) {
        const from = Math.max(clip.audio.played.start(r), i * length);
        const to = Math.min(clip.audio.played.end(r), (i + 1) * length);
        played += Math.max(0, to - from);
      }
      if (played >= length / 2) heard[i] = "1";
    }
    clip.heard.value = heard.join("");
    show(clip);
  }

  function show(clip) {
    const percent = Math.round(share(clip) * 100);
    clip.bar.setAttribute("width", String(percent));
    const text = clip.broken
      ? "This clip could not be loaded. Please reload the page."
      : enough(clip)
        ? "Heard. You can play it again."
        : percent
          ? `${percent}% heard`
          : "Not heard yet";
    if (clip.text.textContent !== text) clip.text.textContent = text;
    clip.text.closest(".clip").classList.toggle("enough", enough(clip));
  }

  let lastReport = "";
  function report() {
    const fields = new URLSearchParams();
    for (const name of ["csrf", "trial", "plays_left", "plays_right", "heard_left", "heard_right"]) {
      fields.set(name, form.elements[name].value);
    }
    const body = fields.toString();
    if (body === lastReport) return;
    lastReport = body;
    fetch(`${form.getAttribute("action")}/playback`, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body,
      credentials: "same-origin",
      keepalive: true,
    }).then(
      (response) => {
        if (!response.ok) lastReport = "";
      },
      () => {
        lastReport = ""; // the answer includes it too
      },
    );
  }

  const announced = new Set(clips.filter(enough));
  function announce(clip) {
    if (!enough(clip) || announced.has(clip)) return;
    announced.add(clip);
    const other = clips.find((c) => c !== clip);
    status.textContent = enough(other)
      ? "You have heard both clips. Choose one."
      : `You have heard clip ${clip.name}. Now listen to clip ${other.name}.`;
  }

  for (const clip of clips) {
    const { audio } = clip;
    audio.addEventListener("play", () => {
      if (clip.plays.value === "0" || audio.currentTime < START) {
        clip.plays.value = String(Number(clip.plays.value) + 1);
        report();
      }
      for (const other of clips) if (other !== clip) other.audio.pause();
    });
    audio.addEventListener("ratechange", () => {
      if (audio.playbackRate !== 1) audio.playbackRate = 1;
    });
    audio.addEventListener("timeupdate", () => {
      update(clip);
      announce(clip);
    });
    for (const event of ["pause", "ended"]) {
      audio.addEventListener(event, () => {
        update(clip);
        announce(clip);
        report();
      });
    }
    audio.querySelector("source:last-of-type").addEventListener("error", () => {
      clip.broken = true;
      show(clip);
    });
    show(clip);
  }
  setInterval(() => {
    if (clips.some((clip) => !clip.audio.paused)) report();
  }, REPORT_INTERVAL);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      clips.forEach(update);
      report();
    }
  });

  form.addEventListener("change", () => {
    status.textContent = "";
  });

  form.addEventListener("submit", (event) => {
    clips.forEach(update);
    const missing = clips.filter((clip) => !enough(clip)).map((clip) => `clip ${clip.name}`);
    if (missing.length) {
      event.preventDefault();
      status.textContent = `Please listen to ${missing.join(" and ")} first.`;
      return;
    }
    for (const clip of clips) clip.audio.pause();
    // A second click must not submit twice; the server would ignore it too.
    form.querySelector("button").setAttribute("aria-disabled", "true");
  });

  // Single-key shortcuts disturb some input methods, so they can be turned off (WCAG 2.2, 2.1.4).
  const STORAGE_KEY = "bachbot-keys";
  const use = document.getElementById("use-keys");
  document.getElementById("keys").hidden = false;
  try {
    use.checked = localStorage.getItem(STORAGE_KEY) !== "off";
  } catch {
    // Without storage the keys are on, and can be turned off on each page.
  }
  use.addEventListener("change", () => {
    try {
      localStorage.setItem(STORAGE_KEY, use.checked ? "on" : "off");
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

// Traffic of a drill, driven by k6: `traffic: {engine: k6, script: scenarios/traffic/k6.js, rate: 50/s}`.
//
// Lifeboat tells the script where and how much (LIFEBOAT_*). The script tells Lifeboat of each request its number and when it was due, as
// tags, and whether the answer was what it should be, as the metric `lifeboat_served`. The header is how the fault proxies know the
// request, and with it who served it.
import http from 'k6/http';
import exec from 'k6/execution';
import { Rate } from 'k6/metrics';

const env = __ENV;
const served = new Rate('lifeboat_served');
const rate = Number(env.LIFEBOAT_RATE);
const first = Number(env.LIFEBOAT_FIRST);
const headers = JSON.parse(env.LIFEBOAT_HEADERS || '{}'); // `headers:` of the environment's service, and of the traffic
const parameters = JSON.parse(env.LIFEBOAT_BODY || '{}'); // `body:` of the environment's service

export const options = {
  scenarios: {
    drill: {
      executor: 'constant-arrival-rate', // an open model: a request is due whatever became of the others
      rate: Math.round(rate * 60),
      timeUnit: '60s',
      duration: env.LIFEBOAT_DURATION,
      preAllocatedVUs: Number(env.LIFEBOAT_MAX_IN_FLIGHT),
    },
  },
};

const words = ['anchor', 'beacon', 'cabin', 'deck', 'ember', 'ferry', 'galley', 'harbor'];

export default function () {
  const place = exec.scenario.iterationInTest;
  const id = first + place;
  const mark = `${env.LIFEBOAT_DRILL}-${id}`;
  const canary = Array.from({ length: 8 }, (_, n) => words[(id >> n) & 7]).join(' ');
  const tags = { lifeboat: `${id}`, due: `${exec.scenario.startTime + (place * 1000) / rate}` };
  const body = {
    model: env.LIFEBOAT_MODEL,
    messages: [{ role: 'user', content: `[lifeboat ${mark}] Repeat these words in one line and write nothing else: ${canary}` }],
    max_tokens: 64,
  };
  const own = { 'content-type': 'application/json', authorization: `Bearer ${env.LIFEBOAT_KEY}`, 'x-lifeboat-request': mark };
  const answer = http.post(`${env.LIFEBOAT_URL}/chat/completions`, JSON.stringify(merged(body, parameters)), {
    headers: withNames(own, headers),
    timeout: env.LIFEBOAT_DEADLINE,
    tags,
  });
  const why = flaw(answer, canary);
  served.add(why === '', { lifeboat: tags.lifeboat, why });
}

// What is wrong with an answer, in Lifeboat's words and as it judges them itself; nothing where it is whole and as asked. The reason for its
// end must be there, and whichever it is, the words must be whole: an answer that reached its limit with all of them is served.
function flaw(answer, canary) {
  if (answer.status < 200 || answer.status > 299) return `status-${answer.status}`;
  if (!answer.body) return 'empty';
  let said;
  try {
    said = answer.json();
  } catch {
    return 'malformed';
  }
  if (said.error) return ['error-event', said.error.code || said.error.type].filter((word) => word).join(' ');
  const choice = (said.choices || [])[0] || {};
  const text = String((choice.message || {}).content || '').trim();
  if (text === '') return 'empty';
  if (typeof choice.finish_reason !== 'string') return 'silently-truncated';
  if (text !== canary && canary.startsWith(text)) return 'silently-truncated';
  if (!text.includes(canary)) return 'wrong-content';
  const told = Number.isInteger((said.usage || {}).completion_tokens);
  return told || env.LIFEBOAT_USAGE === 'absent' ? '' : 'no-usage';
}

// A body with a service's own parameters in it (RFC 7396): objects into objects, null takes one away.
function merged(body, patch) {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const all = body !== null && typeof body === 'object' && !Array.isArray(body) ? { ...body } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete all[name];
    else all[name] = merged(all[name], value);
  }
  return all;
}

// Names of headers know no case, and the later ones win.
function withNames(own, more) {
  const all = { ...own };
  for (const [name, value] of Object.entries(more)) all[name.toLowerCase()] = value;
  return all;
}

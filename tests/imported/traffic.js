// 50 requests a second on a schedule, whatever becomes of them: what `lifeboat judge --from k6 --model open` judges.
import http from 'k6/http';

export const options = {
  scenarios: { chat: { executor: 'constant-arrival-rate', rate: 50, timeUnit: '1s', duration: '18s', preAllocatedVUs: 150, maxVUs: 150, gracefulStop: '3s' } },
};

const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hello' }] });

export default function () {
  http.post(`${__ENV.GATEWAY}/v1/chat/completions`, body, { headers: { 'content-type': 'application/json' }, timeout: '2s' });
}

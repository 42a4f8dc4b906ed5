// The node's JSON API as the pages use it. An answer is {status, body, rtt: [sent, received]} in this
// machine's unix ms; status 0 means that the node did not answer.

export class Api {
  constructor(base, { timeout = 3000 } = {}) {
    this.base = `${base}api/v1/`;
    this.timeout = timeout;
  }

  streams() { return this.#get('streams'); }
  stream(encodedKey) { return this.#get(`streams/${encodedKey}`); }
  edges() { return this.#get('edges'); }
  publish() { return this.#get('publish'); }

  async #get(path) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.timeout);
    const sent = Date.now();
    try {
      const response = await fetch(this.base + path, { signal: abort.signal, cache: 'no-store' });
      const body = await response.json().catch(() => null);
      return { status: response.status, body, rtt: [sent, Date.now()] };
    } catch {
      return { status: 0, body: null, rtt: [sent, Date.now()] };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** True when the answer says nothing of the stream: no answer, or a server (or proxy) in trouble. */
export function isUnreachable(answer) {
  return answer.status === 0 || answer.status >= 500 || (answer.status === 200 && answer.body === null);
}

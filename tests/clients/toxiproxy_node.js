// toxiproxy-node-client drives a control API; its URL is the argument. The expectations are those of the client's own 18 tests, one line of
// output for each that holds. Ends with exit code 0 where all hold.

const assert = require("node:assert");
const { Toxiproxy } = require("toxiproxy-node-client");

const url = process.argv[2];
const server = new Toxiproxy(url);
const make = (name) => server.createProxy({ listen: "localhost:0", name, upstream: "localhost:6379" });

/** What a call is refused with. */
async function refused(call) {
  try {
    await call();
  } catch (error) {
    return error.message;
  }
  return assert.fail("it was not refused");
}

/** A toxic of this type is shown as it was asked for. */
const adds = (type, attributes) => async () => {
  const proxy = await make(`adds-${type}`);
  assert.deepStrictEqual({ ...(await proxy.addToxic({ type, attributes })).attributes }, attributes);
  await proxy.remove();
};

const tests = {
  "creates a proxy": async () => (await make("made")).remove(),
  "gets a proxy": async () => {
    const made = await make("got");
    assert.strictEqual((await server.get("got")).name, made.name);
    await made.remove();
  },
  "gets the version": async () => assert.match(await server.getVersion(), /version/),
  "resets": () => server.reset(),
  "populates": async () => {
    const made = await server.populate([{ listen: "localhost:0", name: "populated", upstream: "localhost:6379" }]);
    assert.deepStrictEqual(Object.keys(made), ["populated"]);
    await made.populated.remove();
  },
  "gets all proxies": async () => {
    // Addresses that were free a moment ago: theirs are fixed.
    const free = [await make("one"), await make("two")];
    await Promise.all(free.map((proxy) => proxy.remove()));
    const wanted = free.map(({ name, listen }) => ({ name, listen, upstream: "localhost:12345" }));
    await server.populate(wanted);
    const all = await server.getAll();
    assert.strictEqual(Object.keys(all).length, 2);
    for (const { name, listen, upstream } of wanted) {
      assert.deepStrictEqual([all[name].name, all[name].listen, all[name].upstream], [name, listen, upstream]);
    }
    await Promise.all(Object.values(all).map((proxy) => proxy.remove()));
  },
  "updates a proxy": async () => {
    const proxy = await make("updated");
    const { listen, upstream } = proxy;
    assert.strictEqual((await proxy.update({ enabled: false, listen, upstream })).enabled, false);
    const moved = await proxy.update({ enabled: true, listen, upstream: "somehost:12345" });
    assert.deepStrictEqual([moved.enabled, moved.upstream], [true, "somehost:12345"]);
    await proxy.remove();
  },
  "removes a proxy": async () => {
    await (await make("removed")).remove();
    assert.deepStrictEqual(await server.getAll(), {});
  },
  "refuses a second proxy of one name": async () => {
    const proxy = await make("twice");
    assert.strictEqual(await refused(() => make("twice")), "Request failed with status code 409");
    await proxy.remove();
  },
  "makes, shows, changes and removes a toxic": async () => {
    const proxy = await make("toxic");
    const made = await proxy.addToxic({ type: "latency", attributes: { latency: 1000, jitter: 100 } });
    assert.deepStrictEqual([made.name, made.toxicity, made.attributes.latency, made.attributes.jitter], ["latency_downstream", 1, 1000, 100]);
    const shown = await proxy.getToxic(made.name);
    assert.deepStrictEqual([shown.name, shown.type, shown.stream, shown.toxicity], [made.name, made.type, made.stream, made.toxicity]);
    const { attributes } = await made.update({ attributes: { latency: 12345, jitter: 42 } });
    assert.deepStrictEqual([attributes.latency, attributes.jitter], [12345, 42]);
    await made.remove();
    assert.strictEqual(await refused(() => proxy.getToxic(made.name)), "Request failed with status code 404");
    await proxy.remove();
  },
  "refuses a second toxic of one name": async () => {
    const proxy = await make("same");
    const toxic = { type: "latency", attributes: { latency: 1000, jitter: 100 } };
    await proxy.addToxic(toxic);
    assert.strictEqual(await refused(() => proxy.addToxic(toxic)), "Request failed with status code 409");
    await proxy.remove();
  },
  "adds latency": adds("latency", { latency: 1000, jitter: 100 }),
  "adds bandwidth": adds("bandwidth", { rate: 1000 }),
  "adds slow_close": adds("slow_close", { delay: 1000 }),
  "adds timeout": adds("timeout", { timeout: 5000 }),
  "adds slicer": adds("slicer", { average_size: 1000, delay: 1000, size_variation: 1000 }),
  "adds reset_peer": adds("reset_peer", { timeout: 1000 }),
  "adds limit_data": adds("limit_data", { bytes: 42 }),
};

(async () => {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok: ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}: ${error.message}`);
    }
    // What a failed one left is not the next one's.
    await Promise.all(Object.values(await server.getAll()).map((proxy) => proxy.remove()));
  }
  process.exit(failed === 0 ? 0 : 1);
})();

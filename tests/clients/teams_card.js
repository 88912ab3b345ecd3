// Reads messages for Teams with the parser of Adaptive Cards: what it understood of each, as JSON.
const cards = require("adaptivecards/dist/adaptivecards.js");
const fs = require("fs");

const told = process.argv.slice(2).map((file) => {
  const message = JSON.parse(fs.readFileSync(file, "utf8"));
  const context = new cards.SerializationContext();
  const card = new cards.AdaptiveCard();
  card.parse(message.attachments[0].content, context);
  const wrong = [];
  for (let place = 0; place < context.eventCount; place++) wrong.push(context.getEventAt(place).message);
  card.validateProperties().validationEvents.forEach((event) => wrong.push(event.message));
  return { type: message.type, items: card.getItemCount(), actions: card.getActionCount(), wrong };
});
console.log(JSON.stringify(told));

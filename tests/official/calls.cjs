// Makes calls with HubSpot's own client and prints what came back, one JSON object for all.
// Arguments: the base URL, the token, the id of a contact, an import's request and its file.
const { Client } = require('@hubspot/api-client')

const [basePath, accessToken, id, importRequest, importFile] = process.argv.slice(2)
const client = new Client({ accessToken, basePath })
const contacts = client.crm.contacts
const properties = client.crm.properties.coreApi
const newProperty = {
  name: 'member_number',
  label: 'Member number',
  type: 'string',
  fieldType: 'text',
  groupName: 'contactinformation',
}
const traced = (email, values) => ({ properties: values, associations: [], objectWriteTraceId: email[0] })
const keyed = (email, values) => ({ ...traced(email, values), id: email, idProperty: 'email' })
const refresh = (token) =>
  client.oauth.tokensApi.create('refresh_token', undefined, undefined, 'the-id', 'the-secret', token)

const calls = {
  update: () => contacts.basicApi.update(id, { properties: { firstname: 'Augusta' } }),
  get: () => contacts.basicApi.getById('ada@example.com', ['email'], undefined, undefined, false, 'email'),
  batchRead: () =>
    contacts.batchApi.read({
      properties: ['email'],
      propertiesWithHistory: [],
      idProperty: 'email',
      inputs: [{ id: 'ada@example.com' }, { id: 'nobody@example.com' }],
    }),
  batchUpdate: () =>
    contacts.batchApi.update({
      inputs: [
        { id, properties: { city: 'Bath' } },
        { id: '999', properties: { city: 'Bath' } },
      ],
    }),
  batchUpsert: () =>
    contacts.batchApi.upsert({
      inputs: [keyed('ada@example.com', { city: 'York' }), keyed('x@example.com', { nope: '1' })],
    }),
  batchCreate: () =>
    contacts.batchApi.create({
      inputs: ['new@example.com', 'ada@example.com'].map((email) => traced(email, { email })),
    }),
  properties: async () => (await properties.getAll('contacts')).results.map(({ name }) => name),
  property: () => properties.getByName('contacts', 'lifecyclestage'),
  createProperty: () => properties.create('contacts', newProperty),
  createPropertyAgain: () => properties.create('contacts', newProperty),
  refresh: () => refresh('the-refresh-token'),
  refreshWrongly: () => refresh('wrong'),
  import: async () => {
    const file = { data: Buffer.from(importFile), name: 'customers.csv' }
    const started = await client.crm.imports.coreApi.create(file, importRequest)
    const done = await client.crm.imports.coreApi.getById(Number(started.id))
    return { done, errors: await client.crm.imports.publicImportsApi.getErrors(Number(done.id)) }
  },
  invalid: () => contacts.basicApi.update(id, { properties: { nope: '1' } }),
  unknown: () => contacts.basicApi.update('999', { properties: { city: 'Bath' } }),
  conflict: () => contacts.basicApi.update(id, { properties: { email: 'grace@example.com' } }),
  unauthenticated: () => new Client({ accessToken: 'wrong', basePath }).crm.contacts.basicApi.getById('1'),
}

async function main() {
  const answers = {}
  for (const [name, call] of Object.entries(calls)) {
    try {
      answers[name] = { answer: await call() }
    } catch (error) {
      if (error.code === undefined) throw error
      answers[name] = { status: error.code, error: error.body }
    }
  }
  console.log(JSON.stringify(answers))
}

main()

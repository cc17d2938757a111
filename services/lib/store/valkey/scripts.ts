import type { Redis } from 'iovalkey'

// An entry is a hash: v value, s sequence, e expiry (absent: none), t tags (absent: none). Where it can be found: in the sorted set
// of each of its tags, by its sequence, and in that of its collection, by its expiry. Times are those of whoever calls.
const library = `
local function isAlive (expires, now) return not expires or tonumber(expires) > tonumber(now) end

-- What nobody sweeps is garbage some time after its end, by the server's own clock.
local function list (set, key, score, garbageMs)
  local left = redis.call('PTTL', set)
  redis.call('ZADD', set, score, key)
  if garbageMs == '' then
    if left >= 0 then redis.call('PERSIST', set) end
  elseif left == -2 or (left >= 0 and left < tonumber(garbageMs)) then
    redis.call('PEXPIRE', set, garbageMs)
  end
end

local function tagsOf (entry)
  local tags = redis.call('HGET', entry, 't')
  return tags and cjson.decode(tags) or {}
end

local function untag (entry, key, tagPrefix)
  for _, tag in ipairs(tagsOf(entry)) do redis.call('ZREM', tagPrefix .. tag, key) end
end

local function forget (entry, key, tagPrefix, expiries)
  untag(entry, key, tagPrefix)
  redis.call('ZREM', expiries, key)
  redis.call('DEL', entry)
end

-- An entry that was there keeps its place.
local function put (entry, sequences, expiries, key, tagPrefix, value, expires, garbageMs, tags)
  local sequence = redis.call('HGET', entry, 's')
  if sequence then
    untag(entry, key, tagPrefix)
    redis.call('DEL', entry)
  else
    sequence = redis.call('INCR', sequences)
  end
  redis.call('HSET', entry, 'v', value, 's', sequence)
  if expires == '' then
    redis.call('ZREM', expiries, key)
  else
    redis.call('HSET', entry, 'e', expires)
    redis.call('PEXPIRE', entry, garbageMs)
    list(expiries, key, expires, garbageMs)
  end
  if tags == '' then return end
  redis.call('HSET', entry, 't', tags)
  for _, tag in ipairs(cjson.decode(tags)) do list(tagPrefix .. tag, key, sequence, garbageMs) end
end

-- Those of a tag that are alive, until visit wants no more. What is listed and was collected as garbage leaves the list.
local function walk (set, entryPrefix, now, isNewestFirst, step, visit)
  local gone, start, isOver = {}, 0, false
  repeat
    local range = { 'ZRANGE', set, start, start + step - 1 }
    if isNewestFirst then range[#range + 1] = 'REV' end
    range[#range + 1] = 'WITHSCORES'
    local found = redis.call(unpack(range))
    for i = 1, #found, 2 do
      local entry = entryPrefix .. found[i]
      local kept = redis.call('HMGET', entry, 'v', 'e', 's')
      if not kept[3] or tonumber(kept[3]) ~= tonumber(found[i + 1]) then
        gone[#gone + 1] = found[i]
      elseif isAlive(kept[2], now) then
        isOver = visit(kept[1], entry, found[i], kept[3])
        if isOver then break end
      end
    end
    start = start + step
  until isOver or #found < 2 * step
  for _, key in ipairs(gone) do redis.pcall('ZREM', set, key) end
end
`

// KEYS: entry, sequences, expiries. ARGV: key, prefix of tags, then what each of them says.
const ofEntry = `
local entry, sequences, expiries = KEYS[1], KEYS[2], KEYS[3]
local key, tagPrefix = ARGV[1], ARGV[2]
`

const scripts = {
  // value, expires, garbageMs, tags
  storeSet: { numberOfKeys: 3, lua: `${ofEntry} put(entry, sequences, expiries, key, tagPrefix, ARGV[3], ARGV[4], ARGV[5], ARGV[6])` },
  // value, expires, garbageMs, tags, now
  storeAdd: {
    numberOfKeys: 3,
    lua: `${ofEntry}
    local kept = redis.call('HMGET', entry, 's', 'e')
    if kept[1] then
      if isAlive(kept[2], ARGV[7]) then return 0 end
      forget(entry, key, tagPrefix, expiries)
    end
    put(entry, sequences, expiries, key, tagPrefix, ARGV[3], ARGV[4], ARGV[5], ARGV[6])
    return 1`
  },
  // old value, new value, now; and to keep it in another way: expires, garbageMs, tags
  storeReplace: {
    numberOfKeys: 3,
    lua: `${ofEntry}
    local kept = redis.call('HMGET', entry, 'v', 'e')
    if kept[1] ~= ARGV[3] or not isAlive(kept[2], ARGV[5]) then return 0 end
    if ARGV[6] then
      put(entry, sequences, expiries, key, tagPrefix, ARGV[4], ARGV[6], ARGV[7], ARGV[8])
    else
      redis.call('HSET', entry, 'v', ARGV[4])
    end
    return 1`
  },
  // now
  storeTake: {
    numberOfKeys: 3,
    lua: `${ofEntry}
    local kept = redis.call('HMGET', entry, 'v', 'e')
    if not kept[1] or not isAlive(kept[2], ARGV[3]) then return false end
    forget(entry, key, tagPrefix, expiries)
    return kept[1]`
  },
  // nothing, or the value that it must have
  storeDelete: {
    numberOfKeys: 3,
    lua: `${ofEntry}
    local value = redis.call('HGET', entry, 'v')
    if value and (not ARGV[3] or ARGV[3] == value) then forget(entry, key, tagPrefix, expiries) end`
  },
  // KEYS: set of the tag. ARGV: prefix of entries, now, 1 for the newest first, offset, limit (-1: none)
  storeTagged: {
    numberOfKeys: 1,
    lua: `
    local offset, limit = tonumber(ARGV[4]), tonumber(ARGV[5])
    local values, seen = {}, 0
    if limit == 0 then return values end
    local step = limit < 0 and 1000 or math.min(offset + limit, 1000)
    walk(KEYS[1], ARGV[1], ARGV[2], ARGV[3] == '1', step, function (value)
      seen = seen + 1
      if seen > offset then values[#values + 1] = value end
      return #values == limit
    end)
    return values`
  },
  // KEYS: set of the tag. ARGV: prefix of entries, now
  storeCountTagged: {
    numberOfKeys: 1,
    lua: `
    local count = 0
    walk(KEYS[1], ARGV[1], ARGV[2], false, 1000, function () count = count + 1 end)
    return count`
  },
  // KEYS: set of the tag, expiries. ARGV: prefix of entries, prefix of tags
  storeDeleteTagged: {
    numberOfKeys: 2,
    lua: `
    local keys = {}
    walk(KEYS[1], ARGV[1], '0', false, 1000, function (_, entry, key) keys[#keys + 1] = key end)
    for _, key in ipairs(keys) do forget(ARGV[1] .. key, key, ARGV[2], KEYS[2]) end`
  },
  // KEYS: set of the tag, expiries. ARGV: prefix of entries, prefix of tags, now, expires, garbageMs
  storeProlongTagged: {
    numberOfKeys: 2,
    lua: `
    walk(KEYS[1], ARGV[1], ARGV[3], false, 1000, function (_, entry, key, sequence)
      redis.call('HSET', entry, 'e', ARGV[4])
      redis.call('PEXPIRE', entry, ARGV[5])
      list(KEYS[2], key, ARGV[4], ARGV[5])
      for _, tag in ipairs(tagsOf(entry)) do list(ARGV[2] .. tag, key, sequence, ARGV[5]) end
    end)`
  },
  // KEYS: expiries of each collection. ARGV: now, limit, then for each collection: prefix of entries, prefix of tags, 1 to have the values.
  // Says whether there may be more, then the values of each collection.
  storeSweep: {
    lua: `
    local left, answer = tonumber(ARGV[2]), { 0 }
    for i, expiries in ipairs(KEYS) do
      local entryPrefix, tagPrefix, isTold = ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2] == '1'
      local values = {}
      for _, key in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', ARGV[1], 'LIMIT', 0, left)) do
        left = left - 1
        local entry = entryPrefix .. key
        local value = redis.call('HGET', entry, 'v')
        if value and isTold then values[#values + 1] = value end
        forget(entry, key, tagPrefix, expiries)
      end
      answer[#answer + 1] = values
    end
    if left == 0 then answer[1] = 1 end
    return answer`
  },
  // KEYS: secrets. ARGV: name, old value, new value
  storeChangeSecret: {
    numberOfKeys: 1,
    lua: `
    if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
    return 1`
  },
  // KEYS: numbers of logs, stream. ARGV: name of the log, entry, most entries
  storeAppend: {
    numberOfKeys: 2,
    lua: `
    local number = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', number), 'e', ARGV[2])
    return number`
  }
}

type Argument = string | number
type Of<Keys extends string[], Answer> = (...keysAndArguments: [...Keys, ...Argument[]]) => Promise<Answer>
type EntryKeys = [entry: string, sequences: string, expiries: string]

/** A client with the commands of this store. */
export type ValkeyClient = Redis & {
  storeSet: Of<EntryKeys, null>
  storeAdd: Of<EntryKeys, number>
  storeReplace: Of<EntryKeys, number>
  storeTake: Of<EntryKeys, string | null>
  storeDelete: Of<EntryKeys, null>
  storeTagged: Of<[tag: string], string[]>
  storeCountTagged: Of<[tag: string], number>
  storeDeleteTagged: Of<[tag: string, expiries: string], null>
  storeProlongTagged: Of<[tag: string, expiries: string], null>
  storeSweep: (numberOfKeys: number, ...keysAndArguments: Argument[]) => Promise<[hasMore: number, ...values: string[][]]>
  storeChangeSecret: Of<[secrets: string], number>
  storeAppend: Of<[numbers: string, stream: string], number>
}

/** What has to be done at once, each in one step: https://valkey.io/topics/eval-intro/ */
export const scriptsOfStore = Object.fromEntries(
  Object.entries(scripts).map(([name, script]) => [name, { ...script, lua: `${library}${script.lua}` }]))

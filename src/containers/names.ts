import { randomInt } from 'node:crypto'

const adjectives =
  `able agile amber ample ardent awake bold brave bright brisk calm candid cheerful clever cosy curious daring deft
eager earnest easy fair fearless fleet fond frank fresh gentle glad golden graceful handy happy hardy hearty honest
humble jolly jovial keen kind lively loyal lucid mellow merry modest neat nimble noble patient placid plucky polite
proud quick quiet ready robust sage serene sharp silent sincere smart snug sober spry steady stout subtle sunny swift
tender tidy tranquil trusty upbeat vivid warm wise witty zesty`.split(/\s+/)

// People of the sea: navigators, shipwrights, oceanographers, and those who wrote of it.
const surnames =
  `amundsen anson barents beaufort bering blyth brunel cabot cabral cartier chapelle chichester cook cousteau dampier dias
drake earle elcano erikson fitzroy flinders forbes franklin frobisher fulton gama halley harrison herreshoff heyerdahl
hudson humboldt ibnmajid jason joyon knox kupe laperouse lightoller magellan maury melville mercator moitessier nansen
nelson palmer piccard polo pytheas raleigh rennell ross scoresby shackleton slocum stephens suhaili tabarly tasman
tharp tupaia vancouver verrazzano vespucci weddell wegener worsley zheng`.split(/\s+/)

/** A name for a container that got none: `nimble_slocum`. */
export function randomName(): string {
  return `${adjectives[randomInt(adjectives.length)]}_${surnames[randomInt(surnames.length)]}`
}

-- Lets this unit of work see the ids of runs that are still going, whoever's they are.
SELECT set_config('app.reaper', 'on', true)
